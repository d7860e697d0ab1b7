import { isUtf8 } from "node:buffer";

/** JSON that cannot be read. The message says what to do and quotes nothing that was sent. */
export class UnreadableJson extends Error {
  override readonly name = "UnreadableJson";
}

const SAVE_AS_UTF8 = "Save it, and send it, as UTF-8.";

/**
 * Parses JSON from the bytes of a file or a request. Accepts a UTF-8 byte order mark. Refuses other encodings instead
 * of guessing: a wrong guess would be stored as someone's name.
 * @throws UnreadableJson
 */
export function parseJsonBytes(bytes: Buffer): unknown {
  if (isUtf16(bytes)) throw new UnreadableJson(`This is UTF-16. ${SAVE_AS_UTF8}`);
  if (!isUtf8(bytes)) {
    throw new UnreadableJson(`This is not UTF-8, but perhaps Latin-1 or Windows-1252. ${SAVE_AS_UTF8}`);
  }
  const text = bytes.toString("utf8");
  try {
    return JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch {
    // The parser's own message quotes the text, which may be a patient's.
    throw new UnreadableJson("This is not valid JSON. Check that it was written and sent whole.");
  }
}

/**
 * Recognised by its byte order mark, or because JSON begins with an ASCII character, which leaves every other byte zero
 * (RFC 4627, 3).
 */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return false;
  return (
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (first === 0) !== (second === 0)
  );
}
