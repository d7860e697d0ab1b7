import { z } from "zod";
import { duration } from "./duration.ts";
import { Secret } from "./secret.ts";
import { timezone } from "./timezone.ts";

/**
 * Whisper looks two weeks back for events that Synapse did not send, by what it knows from then
 * (src/appservice/intake/gaps.ts).
 */
const SHORTEST_RETENTION = 15 * 86_400_000;

/** A placeholder from the example file that nobody has replaced. */
export const PLACEHOLDER = /CHANGE_ME/;

const filled = (schema: z.ZodString) =>
  schema.refine(
    (value) => !PLACEHOLDER.test(value),
    "still holds the placeholder of the example: put in your own value",
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
    bind: z.string().default("127.0.0.1").describe("address to listen on; 0.0.0.0 for all"),
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

/** The whole configuration. Validation, the example file and the reference are all made from this. */
export const configSchema = z.strictObject({
  homeserver: z
    .strictObject({
      url: httpUrl().describe("Synapse, as Whisper reaches it"),
      public_url: httpUrl().describe("Synapse, as the staff's clients reach it (through the read gate)"),
      server_name: text().describe("Synapse's server_name; can never be changed"),
      user_prefix: z
        .string()
        .regex(/^[a-z0-9._-]{1,20}$/, "lower case letters, digits, . _ -")
        .default("ht_")
        .describe("before every user name: @ht_dr.jones:server"),
      bot: z
        .string()
        .regex(/^[a-z0-9._-]{1,40}$/, "lower case letters, digits, . _ -")
        .default("whisper")
        .describe("local part of Whisper's own account"),
    })
    .describe("Where Synapse is, and what it is called"),
  appservice: z
    .strictObject({
      registration: z
        .string()
        .min(1)
        .default("registration.yaml")
        .describe("the file that `whisper generate-registration` wrote; a path from this file's folder"),
    })
    .prefault({})
    .describe("The registration that Synapse has read too"),
  policy: z
    .strictObject({ token: secret().describe("the bearer token that synapse-http-antispam sends") })
    .describe("Policy callbacks from Synapse"),
  database: z
    .strictObject({
      url: text()
        .refine(
          (url) => isPostgresUrl(url) || PLACEHOLDER.test(url),
          "write it as postgres://user:password@host:5432/whisper, with signs such as # / @ % in the password as %23 %2F %40 %25",
        )
        .transform((url) => new Secret(url))
        .describe("PostgreSQL: postgres://user:password@host:5432/whisper"),
      max_connections: z.int().min(5).max(500).default(20).describe("connections at most, per process"),
    })
    .describe("Whisper's own database"),
  listen: listen(9000).prefault({}).describe("Whisper's API, webhooks, health and metrics"),
  gate: z
    .strictObject({
      listen: listen(8008)
        .optional()
        .describe(
          "a listener of its own that carries the whole client API; none: only the gated paths, under `listen`",
        ),
    })
    .prefault({})
    .describe("The read gate in front of Synapse"),
  public_url: httpUrl().describe("Whisper, as the staff's browsers reach it"),
  practice: z
    .strictObject({
      name: text().describe("shown to staff, and at the end of each SMS"),
      timezone: timezone().default("Australia/Sydney").describe("in which times are shown"),
      locations: z
        .record(
          z.string().min(1).max(255),
          z.strictObject({ timezone: timezone().describe("in which its times are shown") }),
        )
        .optional()
        .describe(
          "locations in another time zone, by the name that bookings have, such as {Broken Hill: {timezone: Australia/Broken_Hill}}; none: all in this one",
        ),
    })
    .describe("The practice"),
  client: z
    .strictObject({
      url: z
        .string()
        .regex(/^https?:\/\/.*\{login_token\}/, "an address that holds {login_token}")
        .optional()
        .describe("template of the client that sign-in links open; none: Whisper's own sign-in page"),
    })
    .prefault({})
    .describe("The Matrix client of the practice"),
  patients: z
    .strictObject({
      url: z
        .string()
        .regex(/^[a-z][a-z0-9+.-]*:.*\{patient_id\}/, "an address that holds {patient_id}")
        .optional()
        .describe("template of HealthTrack's address of a patient"),
    })
    .prefault({})
    .describe("Links to patients"),
  retention: duration("30d")
    .refine(
      (ms) => ms >= SHORTEST_RETENTION,
      "must be 15d or more: events that Synapse did not send are looked for two weeks back",
    )
    .describe(
      "how long Whisper keeps its working copies of events and sends after they were handled; what is deleted in a conversation goes at once",
    ),
  conversations: z
    .strictObject({
      archive_after: duration("3d").describe(
        "read conversations leave the list after this long without activity",
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
        .describe("what a notice shows of the patient"),
      stale_after: duration("12h").describe(
        "waiting notices older than this go to the history when their day is over",
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
            location: z.string().optional().describe("only for this location; none: for all others"),
            after: duration("5m").describe("not acknowledged for this long: the next step"),
            backup: z.string().optional().describe("user name or security group told after the nudge"),
            reception: z.string().optional().describe("security group told last"),
          }),
        )
        .default([])
        .describe("who is told when nobody acknowledges; empty: nobody"),
    })
    .prefault({})
    .describe("Patient arrivals"),
  metrics: z
    .strictObject({
      token: secret().optional().describe("bearer token for /metrics; none: only from this machine"),
    })
    .prefault({})
    .describe("Prometheus metrics"),
  log: z
    .strictObject({
      level: z
        .enum(["fatal", "error", "warn", "info", "debug", "silent"])
        .default("info")
        .describe("how much is logged"),
    })
    .prefault({})
    .describe("Logging: JSON lines on standard output"),
});

export type Config = z.infer<typeof configSchema>;
