/** compose.yaml runs this once before Whisper starts: it gives Whisper's bot access to Synapse's administration API. */
import { readFileSync } from "node:fs";
import { makeBotAdministrator } from "../dev/synapse/synapse-admin.ts";
import { readRegistration } from "../src/appservice/homeserver/registration.ts";
import { loadConfig } from "../src/config/load.ts";

const secretFile = process.env.REGISTRATION_SECRET_FILE;
if (secretFile === undefined) throw new Error("REGISTRATION_SECRET_FILE is not set");
const { homeserver, appservice } = loadConfig(process.env.WHISPER_CONFIG ?? "whisper.yaml", process.env);
const { registration } = readRegistration(appservice.registration);
const token = registration.getAppServiceToken();
if (token === null) throw new Error(`${appservice.registration} holds no as_token`);
await makeBotAdministrator(
  homeserver.url,
  readFileSync(secretFile, "utf8").trim(),
  token,
  `@${homeserver.bot}:${homeserver.server_name}`,
);
console.log(`@${homeserver.bot}:${homeserver.server_name} is an administrator of Synapse.`);
