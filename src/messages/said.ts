/** What people say to each other, whatever kind of event their client makes of it. */
import type { MatrixEvent } from "./event.ts";

type Content = Readonly<Record<string, unknown>>;

/** The types that a client shows as something a user said (client-server API; MSC3381 for the second kind of poll). */
export const SAID: ReadonlySet<string> = new Set([
  "m.room.message",
  "m.sticker",
  "m.poll.start",
  "org.matrix.msc3381.poll.start",
]);

export const isSaid = (event: Pick<MatrixEvent, "type" | "state_key">): boolean =>
  SAID.has(event.type) && event.state_key === undefined;

/** What a client sends when its user presses the button for a call (client-server API, "m.call.invite"; MSC4075). */
const CALLS: ReadonlySet<string> = new Set([
  "m.call.invite",
  "m.rtc.notification",
  "org.matrix.msc4075.rtc.notification",
]);

/** Something that a person does and waits for an answer to, even where only Whisper can give one. */
export const expectsAnswer = (event: Pick<MatrixEvent, "type" | "state_key">): boolean =>
  isSaid(event) || (CALLS.has(event.type) && event.state_key === undefined);

/**
 * The same as a message, with its relations: a sticker as a picture, a poll as its question and answers in words.
 * For something else, and for what cannot be read, the content as it is.
 */
export function asMessage({ type, content }: Pick<MatrixEvent, "type" | "content">): Content {
  const { "m.relates_to": relation } = content;
  const related = relation === undefined ? {} : { "m.relates_to": relation };
  switch (type) {
    case "m.sticker":
      return { msgtype: "m.image", body: content.body, url: content.url, info: content.info, ...related };
    case "m.poll.start":
    case "org.matrix.msc3381.poll.start":
      return { msgtype: "m.text", body: pollText(content), ...related };
    default:
      return content;
  }
}

/** The most answers of a poll (MSC3381). */
const MOST_ANSWERS = 20;

function pollText(content: Content): string {
  const poll = record(
    content["m.poll"] ?? content["org.matrix.msc3381.poll.start"] ?? content["m.poll.start"],
  );
  const answers = Array.isArray(poll.answers) ? poll.answers.slice(0, MOST_ANSWERS) : [];
  const lines = [textOf(poll.question), ...answers.map((answer) => `• ${textOf(answer)}`)];
  return lines.join("\n").trim();
}

/** Text in either spelling of extensible events (MSC1767). */
function textOf(value: unknown): string {
  const { "m.text": stable, "org.matrix.msc1767.text": unstable, body } = record(value);
  const first: unknown = Array.isArray(stable) ? record(stable[0]).body : stable;
  return [first, unstable, body].find((text): text is string => typeof text === "string") ?? "";
}

const record = (value: unknown): Content => (typeof value === "object" && value !== null ? { ...value } : {});
