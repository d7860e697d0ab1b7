/** How much one event can hold: one measure for everything Whisper sends. */

type Content = Readonly<Record<string, unknown>>;

/**
 * Synapse refuses an event of more than 65,536 bytes of canonical JSON (client-server API, "Size limits";
 * synapse/event_auth.py, `_check_size_limits`), counted escaped, in UTF-8, with everything the homeserver adds around
 * the content.
 */
const LARGEST_EVENT = 65_536;
/**
 * Bytes for everything around the content: ids, hashes, signatures, up to 10 parents, our ref, and the event it is
 * about.
 */
const AROUND = 4_096;
/** The most bytes of JSON for a content. */
export const LARGEST_CONTENT = LARGEST_EVENT - AROUND;

/** Can the content become an event? If someone asked for it and it does not fit, it is refused with what to do. */
export const fitsInEvent = (content: Content): boolean => bytesOf(content) <= LARGEST_CONTENT;

/** Canonical JSON escapes as `JSON.stringify` does (Matrix spec, appendices, "Canonical JSON"). */
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * The content, shortened if it is too large for an event: for content that nobody can be asked to shorten. First its
 * HTML goes, then the end of its text, marked with `…`, and finally everything that is not text.
 */
export function cutToFit(content: Content, most: number = LARGEST_CONTENT): Content {
  if (bytesOf(content) <= most) return content;
  const { format: _format, formatted_body: _html, "m.new_content": edit, ...rest } = content;
  if (isContent(edit)) {
    // What older clients show instead of the edit is the smaller part.
    const shown = withBody(rest, Math.floor(most / 4)) ?? bare(rest, Math.floor(most / 4));
    return { ...shown, "m.new_content": cutToFit(edit, most - bytesOf({ ...shown, "m.new_content": {} })) };
  }
  return withBody(rest, most) ?? bare(rest, most);
}

const isContent = (value: unknown): value is Content => typeof value === "object" && value !== null;

/** With as much of its text as there is room for; null: no room even without the text. */
function withBody(content: Content, most: number): Content | null {
  if (bytesOf(content) <= most) return content;
  const room = most - bytesOf({ ...content, body: "" });
  return typeof content.body !== "string" || room < 3 ? null : { ...content, body: cut(content.body, room) };
}

/** The text alone, and the event it is about. */
function bare({ msgtype, body, "m.relates_to": relation }: Content, most: number): Content {
  const text = { msgtype, body, ...(relation === undefined ? {} : { "m.relates_to": relation }) };
  return withBody(text, most) ?? {};
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * The beginning of a text with `…`, in at most `bytes` bytes of JSON. Never cuts inside what people see as one character.
 */
function cut(text: string, bytes: number): string {
  let left = bytes - Buffer.byteLength("…");
  let end = 0;
  for (const character of text) {
    left -= bytesOf(character) - 2;
    if (left < 0) break;
    end += character.length;
  }
  // A character with tens of thousands of marks is cut anyway.
  const whole = graphemes.segment(text).containing(end)?.index ?? end;
  return `${text.slice(0, whole === 0 ? end : whole)}…`;
}
