/** config/homeserver.example.yaml, from the development stack's settings. */
import { Document, isMap, isPair, isScalar } from "yaml";
import { homeserverConfig, REASONS } from "../synapse/homeserver-config.ts";

const HEADER = ` Synapse's homeserver.yaml for a practice, with everything that Whisper relies on.
 Written by \`npm run generate\`; the development stack and the tests use the same settings.
 Replace each CHANGE_ME. The modules need \`pip install synapse-http-antispam\` in Synapse's environment, and
 docker/synapse/whisper_memberships.py in a folder on PYTHONPATH.`;

export function homeserverExample(): string {
  const config = homeserverConfig({
    serverName: "CHANGE_ME.example.com.au",
    publicUrl: "https://CHANGE_ME.example.com.au",
    listen: { port: 8009, bind: ["127.0.0.1"] },
    dataDir: "/var/lib/synapse",
    database: {
      name: "psycopg2",
      args: {
        host: "localhost",
        dbname: "synapse",
        user: "synapse",
        password: "CHANGE_ME",
        cp_min: 5,
        cp_max: 10,
      },
    },
    whisperUrl: "http://127.0.0.1:9000",
    policyToken: "CHANGE_ME: the same value as Whisper's policy.token",
    registrationFile: "/etc/synapse/whisper-registration.yaml",
    secrets: { macaroon: "CHANGE_ME", form: "CHANGE_ME" },
  });
  const document = new Document(config, { version: "1.1", aliasDuplicateObjects: false });
  document.commentBefore = HEADER;
  if (!isMap(document.contents)) throw new Error("the settings are not a map");
  for (const pair of document.contents.items) explain(pair);
  return document.toString({ lineWidth: 0 }).replace("\n\n\n", "\n\n");
}

function explain(pair: unknown): void {
  if (!isPair(pair) || !isScalar(pair.key)) return;
  const name = pair.key.value;
  const reason = Object.entries(REASONS).find(([key]) => key === name)?.[1];
  if (reason === undefined) return;
  pair.key.commentBefore = reason.replace(/^/gm, " ");
  pair.key.spaceBefore = true;
}
