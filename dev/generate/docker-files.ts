/** The files in docker/ that must agree with the code, generated from it. */
import { stringify } from "yaml";
import { GATED_PATHS } from "../../src/appservice/gate/passage/gated-paths.ts";
import { homeserverConfig } from "../synapse/homeserver-config.ts";

/** Synapse's settings in the containers: those of config/homeserver.example.yaml, with secrets read from files. */
export function dockerHomeserver(): string {
  const { macaroon_secret_key, form_secret, server_name, public_baseurl, modules, ...settings } =
    homeserverConfig({
      serverName: "",
      publicUrl: "",
      listen: { port: 8008, bind: ["0.0.0.0"] },
      dataDir: "/var/lib/synapse",
      database: {
        name: "psycopg2",
        args: {
          host: "postgres",
          dbname: "synapse",
          user: "synapse",
          // Written by start.sh from the secret.
          passfile: "/run/synapse/pgpass",
          cp_min: 5,
          cp_max: 10,
        },
      },
      whisperUrl: "http://whisper:9000",
      policyToken: "",
      registrationFile: "/var/lib/whisper/registration.yaml",
      secrets: { macaroon: "", form: "" },
    });
  const config = {
    ...settings,
    log_config: "/etc/synapse/log.yaml",
    macaroon_secret_key_path: "/run/secrets/synapse_macaroon_secret",
    form_secret_path: "/run/secrets/synapse_form_secret",
    registration_shared_secret_path: "/run/secrets/synapse_registration_secret",
    modules: modules.map(({ module, config }) => ({ module, config: secretsInFiles(config) })),
    max_upload_size: "50M",
  };
  return `# Synapse's settings in the containers; server_name and public_baseurl come from docker/.env, through start.sh.
# Written by \`npm run generate\`. config/homeserver.example.yaml has the same settings with their reasons.
${stringify(config, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false })}`;
}

function secretsInFiles(config: object): object {
  if (!("authorization" in config)) return config;
  const { authorization: _inFile, ...rest } = config;
  return { ...rest, authorization_path: "/run/secrets/policy_token" };
}

/** The gate's own list in nginx's syntax: \`"<method> <path>" 1;\` for its maps. */
export function nginxGatedPaths(): string {
  const lines = GATED_PATHS.map(({ kind, method, pattern }) => {
    const methods = method === "GET" ? "(?:GET|HEAD)" : method;
    return `# ${kind}\n"~^${methods} ${pattern.replace(/^\^/, "")}" 1;`;
  });
  return `# Requests that go through Whisper's read gate. Written by \`npm run generate\` from
# src/appservice/gate/passage/gated-paths.ts, which has the reasons.
${lines.join("\n")}
`;
}
