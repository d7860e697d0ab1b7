/** registration.yaml: shows what a generated registration looks like. */
import { stringify } from "yaml";
import { registrationOf } from "../../src/appservice/homeserver/registration.ts";
import { BOT, USER_PREFIX } from "../stack/whisper.ts";

const HEADER = `# Whisper's registration with Synapse, as a template. Do not fill this one in. The real one contains secrets, is
# never committed, and is made by
#
#     whisper generate-registration --config whisper.yaml --out registration.yaml
#
# Synapse reads it because homeserver.yaml names it under app_service_config_files.
`;

export function registrationTemplate(): string {
  const registration = registrationOf({
    url: "http://127.0.0.1:9000",
    serverName: "CHANGE_ME.example.com.au",
    userPrefix: USER_PREFIX,
    bot: BOT,
    tokens: { as: "CHANGE_ME", hs: "CHANGE_ME" },
  });
  return `${HEADER}\n${stringify(registration)}`;
}
