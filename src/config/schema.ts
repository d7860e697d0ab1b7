import { z } from "zod";
import { sameReaction } from "../base/reaction-key.ts";
import { tidyName } from "../base/tidy-name.ts";
import { duration } from "./duration.ts";
import { filled, httpUrl, PLACEHOLDER, secret, text } from "./fields.ts";
import { isPostgresUrl, POSTGRES_URL } from "./postgres-url.ts";
import { Secret } from "./secret.ts";
import { smsSchema } from "./sms-schema.ts";
import { timezone } from "./timezone.ts";

/**
 * Milliseconds. Whisper searches two weeks back for events that Synapse did not send, and needs its own records of that
 * time (src/appservice/intake/gaps.ts).
 */
const SHORTEST_RETENTION = 15 * 86_400_000;

const listen = (port: number) =>
  z.strictObject({
    port: z.int().min(0).max(65_535).default(port).describe("TCP port"),
    bind: z.string().default("127.0.0.1").describe("address to listen on; 0.0.0.0 for all addresses"),
  });

const alertRole = () => z.array(z.string().trim().min(1).max(255)).optional();

/** What they mean does not change. */
const ARRIVAL_BUTTONS = ["✅", "↩️", "🕘"];
const eachItsOwn = (keys: readonly string[]): boolean =>
  keys.every((key, index) => keys.findIndex((other) => sameReaction(key, other)) === index);

/** Matrix spec, appendices, "Server name": a host or an address, and perhaps a port. */
const SERVER_NAME = /^(?:[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** The whole configuration. Validation, the example file and the reference all use this. */
export const configSchema = z.strictObject({
  homeserver: z
    .strictObject({
      url: httpUrl().describe("where Whisper reaches Synapse"),
      public_url: httpUrl().describe("where staff's clients reach Synapse (through the read gate)"),
      server_name: text()
        .refine(
          (name) => PLACEHOLDER.test(name) || SERVER_NAME.test(name),
          "write it as in Synapse's homeserver.yaml: practice.example, without https:// and /",
        )
        .describe("Synapse's server_name; it can never be changed"),
      user_prefix: z
        .string()
        .regex(/^[a-z0-9._-]{1,20}$/, "lower case letters, digits, . _ -")
        .default("ht_")
        .describe("comes before every user name: @ht_dr.jones:server"),
      bot: z
        .string()
        .regex(/^[a-z0-9._-]{1,40}$/, "lower case letters, digits, . _ -")
        .default("whisper")
        .describe("localpart of Whisper's own account"),
    })
    .describe("Where Synapse is, and what it is called"),
  appservice: z
    .strictObject({
      registration: z
        .string()
        .min(1)
        .default("registration.yaml")
        .describe("the file written by `whisper generate-registration`; relative to this file's folder"),
    })
    .prefault({})
    .describe("The registration, which Synapse reads too"),
  policy: z
    .strictObject({ token: secret().describe("the bearer token that synapse-http-antispam sends") })
    .describe("Policy callbacks from Synapse"),
  database: z
    .strictObject({
      url: text()
        .refine((url) => isPostgresUrl(url) || PLACEHOLDER.test(url), POSTGRES_URL)
        .transform((url) => new Secret(url))
        .describe("PostgreSQL: postgres://user:password@host:5432/whisper"),
      max_connections: z.int().min(5).max(500).default(20).describe("maximum connections per process"),
    })
    .describe("Whisper's own database"),
  listen: listen(9000).prefault({}).describe("Whisper's API, webhooks, health and metrics"),
  gate: z
    .strictObject({
      listen: listen(8008)
        .optional()
        .describe(
          "a separate listener for the whole client API; if not set, `listen` serves only the gated paths",
        ),
    })
    .prefault({})
    .describe("The read gate in front of Synapse"),
  public_url: httpUrl().describe("where staff's browsers reach Whisper"),
  practice: z
    .strictObject({
      name: filled(
        z
          .string()
          .overwrite((name) => tidyName(name))
          .min(1),
      ).describe("shown to staff, and at the end of each SMS"),
      timezone: timezone().default("Australia/Sydney").describe("time zone for the times shown"),
      locations: z
        .record(
          z.string().min(1).max(255),
          z.strictObject({ timezone: timezone().describe("time zone for this location's times") }),
        )
        .optional()
        .describe(
          "locations in another time zone, by their name in bookings, such as {Broken Hill: {timezone: Australia/Broken_Hill}}; all others use practice.timezone",
        ),
    })
    .describe("The practice"),
  client: z
    .strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/.*\{login_token\}/, "must be an address that contains {login_token}")
        .optional()
        .describe(
          "template for the client address that sign-in links open; default: Whisper's own sign-in page",
        ),
    })
    .prefault({})
    .describe("The practice's Matrix client"),
  patients: z
    .strictObject({
      url: z
        .string()
        .regex(/^[a-z][a-z0-9+.-]*:.*\{patient_id\}/, "must be an address that contains {patient_id}")
        .optional()
        .describe("template for a patient's address in HealthTrack"),
    })
    .prefault({})
    .describe("Links to patients"),
  retention: duration("30d")
    .refine(
      (ms) => ms >= SHORTEST_RETENTION,
      "must be 15d or more: Whisper searches two weeks back for events that Synapse did not send",
    )
    .describe(
      "how long Whisper keeps its working copies of handled events and sends; messages deleted in a conversation are removed immediately",
    ),
  audit: z
    .strictObject({
      keys: z
        .string()
        .min(1)
        .default("audit-keys")
        .describe(
          "the file with the record's keys, made by `whisper audit keys create`; relative to this file's folder. Keep a copy apart from the database's backups: without it, the record cannot be read",
        ),
      anchor: z
        .string()
        .min(1)
        .optional()
        .describe(
          "a file that gets the record's signed checkpoints, best on another machine: with it `whisper audit verify` also notices an older copy of the database; relative to this file's folder",
        ),
      observe: z
        .strictObject({
          notify: z
            .array(z.string().min(1).max(255))
            .default([])
            .describe(
              "user names that Whisper tells when someone begins to observe a user, besides the admin room: a second person who must know",
            ),
        })
        .prefault({})
        .describe("Observe User"),
    })
    .prefault({})
    .describe("The record of everything that happened"),
  conversations: z
    .strictObject({
      archive_after: duration("3d").describe(
        "read conversations leave people's lists after this long without activity",
      ),
    })
    .prefault({})
    .describe("Conversations"),
  custom_groups: z
    .strictObject({
      edited_by: z
        .enum(["members", "creator", "admins"])
        .default("members")
        .describe("who may rename them and change their members"),
    })
    .prefault({})
    .describe("Custom groups"),
  arrivals: z
    .strictObject({
      show: z
        .enum(["id", "initials", "name"])
        .default("initials")
        .describe("how a notice identifies the patient"),
      stale_after: duration("12h").describe(
        "waiting notices older than this move to the history once their day is over",
      ),
      quick_replies: z
        .array(z.strictObject({ key: z.string().min(1).max(16), text: z.string().min(1).max(200) }))
        .max(6)
        .refine(
          (replies) => eachItsOwn([...ARRIVAL_BUTTONS, ...replies.map(({ key }) => key)]),
          "each needs a key of its own, and not ✅, ↩️ or 🕘, which have another meaning; a skin tone does not make it another key",
        )
        .default([
          { key: "⏳", text: "Five minutes, please." },
          { key: "🚪", text: "Please send them in." },
        ])
        .describe("answers offered as reactions"),
      alert_roles: z
        .strictObject({
          location: alertRole().describe(
            "who may choose `location` (arrivals at my locations); if not set, everyone",
          ),
          all: alertRole().describe("who may choose `all` (every arrival); if not set, everyone"),
        })
        .prefault({})
        .describe("HealthTrack roles that may choose more than their own bookings in Patient Arrived Alerts"),
      reception: z
        .array(
          z.strictObject({
            location: z
              .string()
              .min(1)
              .max(255)
              .optional()
              .describe("applies to this location; if not set, to all others"),
            group: z.string().min(1).max(255).describe("security group or user name"),
          }),
        )
        .default([])
        .describe(
          "who is told of patients without a doctor whom nobody's settings cover, and gets replies and reports when a kiosk marked the arrival; by default, the escalation's reception",
        ),
      kiosks: z
        .array(z.string().min(1).max(255))
        .default([])
        .describe("user names in `changed_by` that are not people, such as check-in kiosks"),
      escalation: z
        .array(
          z.strictObject({
            location: z.string().optional().describe("applies to this location; if not set, to all others"),
            after: duration("5m").describe("time without acknowledgement before the next step"),
            backup: z.string().optional().describe("user name or security group to tell after the nudge"),
            reception: z.string().optional().describe("security group to tell last"),
          }),
        )
        .default([])
        .describe("whom to tell when nobody acknowledges an arrival; empty: nobody"),
    })
    .prefault({})
    .describe("Patient arrivals"),
  sms: smsSchema,
  metrics: z
    .strictObject({
      token: secret()
        .optional()
        .describe("bearer token for /metrics; if not set, only this machine may read them"),
    })
    .prefault({})
    .describe("Prometheus metrics"),
  log: z
    .strictObject({
      level: z
        .enum(["fatal", "error", "warn", "info", "debug", "silent"])
        .default("info")
        .describe("how much to log"),
    })
    .prefault({})
    .describe("Logging: JSON lines on standard output"),
});

export type Config = z.infer<typeof configSchema>;
