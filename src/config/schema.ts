import { z } from "zod";
import { duration } from "./duration.ts";
import { Secret } from "./secret.ts";
import { timezone } from "./timezone.ts";

/**
 * Milliseconds. Whisper searches two weeks back for events that Synapse did not send, and needs its own records of that
 * time (src/appservice/intake/gaps.ts).
 */
const SHORTEST_RETENTION = 15 * 86_400_000;

/** The example file's placeholder. */
export const PLACEHOLDER = /CHANGE_ME/;

const filled = (schema: z.ZodString) =>
  schema.refine(
    (value) => !PLACEHOLDER.test(value),
    "still has the example's placeholder; put in your own value",
  );
const text = () => filled(z.string().min(1));
const httpUrl = () => filled(z.string()).pipe(z.url({ protocol: /^https?$/ }).transform(withoutSlashes));
function withoutSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
}
const secret = () => text().transform((value) => new Secret(value));
const listen = (port: number) =>
  z.strictObject({
    port: z.int().min(0).max(65_535).default(port).describe("TCP port"),
    bind: z.string().default("127.0.0.1").describe("address to listen on; 0.0.0.0 for all addresses"),
  });

function isPostgresUrl(url: string): boolean {
  try {
    const { protocol, username, password, pathname } = new URL(url);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return (protocol === "postgres:" || protocol === "postgresql:") && !/\s/.test(url);
  } catch {
    return false;
  }
}

/** The whole configuration. Validation, the example file and the reference all use this. */
export const configSchema = z.strictObject({
  homeserver: z
    .strictObject({
      url: httpUrl().describe("where Whisper reaches Synapse"),
      public_url: httpUrl().describe("where staff's clients reach Synapse (through the read gate)"),
      server_name: text().describe("Synapse's server_name; it can never be changed"),
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
        .refine(
          (url) => isPostgresUrl(url) || PLACEHOLDER.test(url),
          "write it as postgres://user:password@host:5432/whisper; in the password, write # / @ % as %23 %2F %40 %25",
        )
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
      name: text().describe("shown to staff, and at the end of each SMS"),
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
        .default([
          { key: "5️⃣", text: "Five minutes, please." },
          { key: "🚪", text: "Please send them in." },
        ])
        .describe("answers offered as reactions"),
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
