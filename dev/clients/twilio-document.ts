/** Twilio's own document of its Messages API (vendor/twilio-api), and where Whisper is held to more than it says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../base/repository.ts";

type Json = { [key: string]: Json };

/** An Australian number or any other, in E.164 (ITU-T E.164: at most 15 digits). */
const E164 = "^\\+[1-9][0-9]{7,14}$";
/** RFC 2822, as Twilio writes it: `Thu, 24 Aug 2023 05:01:45 +0000`. */
const RFC2822 = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} [+]0000$";

/**
 * The document says which parameters there are, and next to nothing about their values: it marks only `To` as required,
 * and any text is a phone number. @returns it with what Twilio's errors 21211, 21602, 21603, 21604 and 21617 say.
 */
export function twilioDocument(): object {
  const document: Json = JSON.parse(
    readFileSync(join(REPOSITORY, "vendor/twilio-api/messages.json"), "utf8"),
  );
  const list = at(document, "paths", "/2010-04-01/Accounts/{AccountSid}/Messages.json");
  const form = at(list, "post", "requestBody", "content", "application/x-www-form-urlencoded", "schema");
  const fields = at(form, "properties");
  Object.assign(form, {
    required: ["To", "Body"],
    oneOf: [{ required: ["From"] }, { required: ["MessagingServiceSid"] }],
  });
  Object.assign(at(fields, "To"), { pattern: E164 });
  Object.assign(at(fields, "Body"), { minLength: 1, maxLength: 1_600 });
  // A number, or the name of a registered sender.
  Object.assign(at(fields, "From"), { pattern: `${E164}|^[A-Za-z0-9 ]{1,11}$` });
  const message = at(document, "components", "schemas", "api.v2010.account.message");
  message.required = ["sid", "status", "direction", "date_created"] as unknown as Json;
  for (const field of ["date_created", "date_updated", "date_sent"])
    Object.assign(at(message, "properties", field), { pattern: RFC2822 });
  // Twilio's addresses of pages have no host, against its document.
  const page = at(list, "get", "responses", "200", "content", "application/json", "schema", "properties");
  for (const field of Object.values(page)) if (String(field.format) === "uri") delete field.format;
  return document;
}

function at(from: Json, ...path: readonly string[]): Json {
  let found: Json | undefined = from;
  for (const name of path) found = found?.[name];
  if (found === undefined) throw new Error(`Twilio's document has no ${path.join(" / ")}`);
  return found;
}
