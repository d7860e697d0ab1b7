/**
 * The homeserver settings that Whisper relies on: the one source of the development stack's homeserver.yaml, of
 * config/homeserver.example.yaml and of the Docker setup. `REASONS` keeps the reason for each setting.
 */

export interface HomeserverOptions {
  readonly serverName: string;
  /** Where clients reach the homeserver: the read gate, or the proxy in front of both. */
  readonly publicUrl: string;
  readonly listen: { readonly port: number; readonly bind: readonly string[] };
  /** Directory of the signing key, the log configuration and the uploaded files. */
  readonly dataDir: string;
  readonly database: SqliteDatabase | PostgresDatabase;
  /** Where Synapse reaches Whisper. */
  readonly whisperUrl: string;
  /** The same secret as Whisper's `policy.token`. */
  readonly policyToken: string;
  /** The localpart of Whisper's own account; default `whisper`. */
  readonly bot?: string;
  readonly registrationFile: string;
  readonly secrets: { readonly macaroon: string; readonly form: string; readonly registration?: string };
  /** No rate limits, and cheap password hashes: the development stack does in a second what a practice does in a day. */
  readonly forDevelopment?: boolean;
}

interface SqliteDatabase {
  readonly name: "sqlite3";
  readonly args: { readonly database: string };
}

interface PostgresDatabase {
  readonly name: "psycopg2";
  readonly args: Readonly<Record<string, string | number>>;
}

/** The callbacks that Whisper answers. Listed one by one: with all of them on, Synapse hides every user from searches. */
export const POLICY_CALLBACKS = [
  "user_may_invite",
  "user_may_send_3pid_invite",
  "user_may_join_room",
  "user_may_create_room",
  "check_login_for_spam",
  "check_event_for_spam",
] as const;

export function homeserverConfig(options: HomeserverOptions) {
  return {
    server_name: options.serverName,
    public_baseurl: `${options.publicUrl.replace(/\/$/, "")}/`,
    serve_server_wellknown: false,
    extra_well_known_client_content: { "io.element.e2ee": { default: false, force_disable: true } },
    listeners: [
      {
        port: options.listen.port,
        type: "http",
        tls: false,
        bind_addresses: [...options.listen.bind],
        x_forwarded: true,
        resources: [{ names: ["client"], compress: false }],
      },
    ],
    database: options.database,
    media_store_path: `${options.dataDir}/media`,
    signing_key_path: `${options.dataDir}/signing.key`,
    log_config: `${options.dataDir}/log.yaml`,
    report_stats: false,
    macaroon_secret_key: options.secrets.macaroon,
    form_secret: options.secrets.form,
    ...(options.secrets.registration ? { registration_shared_secret: options.secrets.registration } : {}),

    app_service_config_files: [options.registrationFile],
    modules: [
      {
        module: "synapse_http_antispam.HTTPAntispam",
        config: {
          base_url: `${options.whisperUrl.replace(/\/$/, "")}/policy`,
          authorization: options.policyToken,
          enabled_callbacks: [...POLICY_CALLBACKS],
          fail_open: Object.fromEntries(
            POLICY_CALLBACKS.map((name) => [name, name === "check_event_for_spam"]),
          ),
        },
      },
      { module: "whisper_memberships.Memberships", config: { bot: options.bot ?? "whisper" } },
    ],

    enable_registration: false,
    allow_guest_access: false,
    enable_3pid_changes: false,
    enable_3pid_lookup: false,
    enable_set_displayname: false,
    require_auth_for_profile_requests: true,
    allow_per_room_profiles: false,
    login_via_existing_session: { enabled: true, require_ui_auth: false },
    user_directory: { enabled: true, search_all_users: true, prefer_local_users: true },

    default_room_version: "11",
    encryption_enabled_by_default_for_room_type: "off",
    forget_rooms_on_leave: true,
    forgotten_room_retention_period: null,
    experimental_features: { msc4222_enabled: true },
    enable_room_list_search: false,
    alias_creation_rules: [],
    room_list_publication_rules: [],

    federation_domain_whitelist: [],
    allow_public_rooms_over_federation: false,
    trusted_key_servers: [],
    suppress_key_server_warning: true,

    presence: { enabled: false },
    push: { include_content: false },
    url_preview_enabled: false,
    caches: { sync_response_cache_duration: "0s" },

    ...(options.forDevelopment ? DEVELOPMENT : PRACTICE),
  };
}

/** The reasons for the settings: comments in the example file. */
export const REASONS: Readonly<Partial<Record<keyof ReturnType<typeof homeserverConfig>, string>>> = {
  server_name: "The part of every user id after the colon. It cannot be changed later.",
  public_baseurl:
    "Where clients connect: Whisper's read gate, or the proxy that sends the gated paths to it.",
  extra_well_known_client_content:
    "Whisper's rooms are not end-to-end encrypted; Element then offers no encryption.",
  listeners: "A client listener only. There is no federation.",
  database: "PostgreSQL in production; SQLite is only for testing.",
  macaroon_secret_key: "Your own long random values: openssl rand -hex 32",
  app_service_config_files: "Written by `whisper generate-registration`.",
  modules:
    "Asks Whisper before an invitation, a join, a new room, a sign-in and an event. Only events pass when Whisper does\n" +
    "not answer: the rooms' power levels still enforce the rules. Keep the list of callbacks explicit. With all of them\n" +
    "on, Synapse leaves every user out of the people search.\n" +
    "The second module is Whisper's own, docker/synapse/whisper_memberships.py: no text in memberships, and nobody leaves\n" +
    "a conversation they belong to. `bot` is Whisper's homeserver.bot.",
  enable_registration: "Accounts come from HealthTrack, through Whisper.",
  enable_3pid_changes: "Email addresses and mobile numbers come from HealthTrack too.",
  enable_3pid_lookup:
    "No invitations by e-mail: Synapse would connect to any identity server that the client names.",
  enable_set_displayname: "Names come from HealthTrack.",
  allow_per_room_profiles: "Nobody appears under another name in one room.",
  login_via_existing_session: "HealthTrack's one-time sign-in links.",
  user_directory: "Everyone in the practice can be found, even by people who share no room with them yet.",
  default_room_version: "From version 12 on, a room creator's power cannot be taken away.",
  encryption_enabled_by_default_for_room_type:
    "Encryption cannot be turned off again, and hides the room from the audit.",
  forget_rooms_on_leave: "A removed member loses a conversation's history as well as its future.",
  forgotten_room_retention_period: "Keeps the room for the audit after everyone has left it.",
  experimental_features:
    "A client is told a room's state as it is now (`state_after`). Without it, whoever is let in while somebody writes can be\n" +
    "shown an invitation for good.",
  enable_room_list_search: "No public rooms, no aliases.",
  federation_domain_whitelist: "No other homeserver.",
  presence: "Not used, and costly.",
  url_preview_enabled: "Nobody but the person who clicks follows a link to a patient.",
  caches:
    "A sync is never answered from the cache: it may contain rooms that the user has since been removed from.",
  push: "No patient data through phone makers' push services.",
  rc_message:
    "A practice sits behind one address, so Synapse's default limit of five sign-ins in a row would lock it out on Monday\n" +
    "morning. Its staff also open conversations faster than Synapse expects of users of a public server.",
};

const PRACTICE = {
  rc_message: { per_second: 5, burst_count: 50 },
  rc_login: {
    address: { per_second: 1, burst_count: 100 },
    account: { per_second: 0.05, burst_count: 10 },
    failed_attempts: { per_second: 0.02, burst_count: 10 },
  },
  rc_joins: { local: { per_second: 5, burst_count: 50 } },
  rc_joins_per_room: { per_second: 50, burst_count: 500 },
  rc_invites: {
    per_room: { per_second: 5, burst_count: 100 },
    per_user: { per_second: 1, burst_count: 50 },
    per_issuer: { per_second: 5, burst_count: 100 },
  },
  rc_room_creation: { per_second: 0.5, burst_count: 30 },
  rc_user_directory: { per_second: 5, burst_count: 500 },
};

const NONE = { per_second: 100_000, burst_count: 100_000 };

const DEVELOPMENT = {
  // A push gateway on this machine: tests check what it receives.
  ip_range_whitelist: ["127.0.0.1/32"],
  bcrypt_rounds: 4,
  // A new Synapse answers sliding syncs with internal errors until its background updates are done. That takes a minute
  // with sleeps, and a second without.
  background_updates: { sleep_enabled: false },
  rc_message: NONE,
  rc_registration: NONE,
  rc_login: { address: NONE, account: NONE, failed_attempts: NONE },
  rc_admin_redaction: NONE,
  rc_joins: { local: NONE, remote: NONE },
  rc_joins_per_room: NONE,
  rc_invites: { per_room: NONE, per_user: NONE, per_issuer: NONE },
  rc_third_party_invite: NONE,
  rc_3pid_validation: NONE,
  rc_media_create: NONE,
  rc_room_creation: NONE,
  rc_reports: NONE,
  rc_user_directory: NONE,
};
