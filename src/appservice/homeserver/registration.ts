import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type AppServiceOutput, AppServiceRegistration } from "matrix-appservice-bridge";
import { parse } from "yaml";

export interface RegistrationOptions {
  readonly url: string;
  readonly serverName: string;
  readonly userPrefix: string;
  readonly bot: string;
  /** Tokens to keep from an earlier registration; by default new random ones. */
  readonly tokens?: { readonly as: string; readonly hs: string };
}

/** The registration as Synapse reads it (application service API, "Registration"), as plain data for YAML. */
export function registrationOf(options: RegistrationOptions): Record<string, unknown> {
  const registration = new AppServiceRegistration(options.url);
  registration.setId("whisper");
  registration.setAppServiceToken(options.tokens?.as ?? randomBytes(32).toString("hex"));
  registration.setHomeserverToken(options.tokens?.hs ?? randomBytes(32).toString("hex"));
  registration.setSenderLocalpart(options.bot);
  // Not exclusive: Synapse leaves users of an exclusive namespace out of the people search, and computes neither unread
  // counts nor push for them. `enable_registration: false` keeps outsiders out instead.
  registration.addRegexPattern(
    "users",
    `@${escapeRegex(options.userPrefix)}.*:${escapeRegex(options.serverName)}`,
    false,
  );
  registration.setRateLimited(false);
  return {
    ...registration.getOutput(),
    receive_ephemeral: true,
    // The name that Synapse reads (MSC2409 before it was stable).
    "de.sorunome.msc2409.push_ephemeral": true,
  };
}

/**
 * Reads the registration file.
 * @throws Error that says what to do if it is missing or incomplete.
 */
export function readRegistration(file: string): { registration: AppServiceRegistration; hsToken: string } {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(
      `The registration ${file} cannot be read. Make it with: whisper generate-registration --out ${file}`,
      { cause: error },
    );
  }
  const registration = AppServiceRegistration.fromObject(parsed(text, file));
  const hsToken = registration.getHomeserverToken();
  const asToken = registration.getAppServiceToken();
  for (const token of [hsToken, asToken]) {
    if (!token || token.startsWith("CHANGE_ME")) {
      throw new Error(
        `The registration ${file} holds no tokens of its own. Make it with: whisper generate-registration --out ${file}`,
      );
    }
  }
  return { registration, hsToken: hsToken ?? "" };
}

function parsed(text: string, file: string): AppServiceOutput {
  try {
    return parse(text);
  } catch (error) {
    // The text after the first line quotes the file, including tokens.
    const [reason] = (error instanceof Error ? error.message : "").split("\n");
    throw new Error(`The registration ${file} is not YAML: ${reason}`);
  }
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
