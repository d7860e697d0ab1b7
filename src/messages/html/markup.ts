/**
 * The HTML of messages as clients read it. Clients show it to the person who wrote it, so Whisper must understand it as
 * they see it. The work is linear in the length of the HTML, whatever it contains.
 */

import { Tokenizer } from "htmlparser2";

/** A piece of HTML. `start` and `end` are its place in the source; a tag's includes its `<` and `>`. */
export type Piece = { readonly start: number; readonly end: number } & (
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "open"; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly is: "close"; readonly name: string }
);

/**
 * The pieces of `html` without its reply fallback. Comments are left out; names are in lower case, entities decoded.
 */
export function htmlPieces(html: string): Piece[] {
  const pieces: Piece[] = [];
  const fallback = new ReplyFallback();
  readTags(html, (piece) => {
    if (!fallback.holds(piece)) pieces.push(piece);
  });
  return pieces;
}

/** The same HTML, byte for byte, without its reply fallback. */
export function withoutFallbackIn(html: string): string {
  const kept: string[] = [];
  const fallback = new ReplyFallback();
  let from = 0;
  let inside = false;
  readTags(html, (piece) => {
    const held = fallback.holds(piece);
    if (held === inside) return;
    if (held) kept.push(html.slice(from, piece.start));
    else from = piece.start;
    inside = held;
  });
  if (!inside) kept.push(html.slice(from));
  return kept.join("");
}

/**
 * `<mx-reply>` (client-server API before 1.13, "Fallbacks for rich replies"), wherever it is and whatever it contains.
 * One that is not closed ends with the element around it, or with the message, as in browsers.
 */
class ReplyFallback {
  /** The open elements around the fallback and in it, counted by name; they need not be told apart. */
  readonly #around = new Map<string, number>();
  #within: Map<string, number> | null = null;

  /** Must be called for each piece in turn. */
  holds(piece: Piece): boolean {
    if (piece.is === "open") {
      if (piece.name === FALLBACK) this.#within ??= new Map();
      if (!VOID.has(piece.name)) count(this.#within ?? this.#around, piece.name, 1);
    }
    if (piece.is !== "close") return this.#within !== null;
    const within = this.#within;
    if (within === null) {
      count(this.#around, piece.name, -1);
      return piece.name === FALLBACK; // one that closes nothing
    }
    if (within.has(piece.name)) {
      count(within, piece.name, -1);
      if (!within.has(FALLBACK)) this.#within = null;
      return true;
    }
    if (!this.#around.has(piece.name)) return true;
    count(this.#around, piece.name, -1);
    this.#within = null;
    return false;
  }
}

const NONE: ReadonlyMap<string, string> = new Map();
const FALLBACK = "mx-reply";
/** HTML, "Void elements": they contain nothing and are never closed. */
const VOID = new Set("area base br col embed hr img input link meta param source track wbr".split(" "));

function count(of: Map<string, number>, name: string, more: 1 | -1): void {
  const now = (of.get(name) ?? 0) + more;
  if (now > 0) of.set(name, now);
  else of.delete(name);
}

/** Calls `found` for each piece in order. Browsers ignore a tag that the message ends inside. */
function readTags(html: string, found: (piece: Piece) => void): void {
  let tag: { name: string; start: number } | undefined;
  let attributes: Map<string, string> | undefined;
  let attribute = "";
  let value = "";
  const opened = (end: number) => {
    if (tag !== undefined) found({ is: "open", ...tag, attributes: attributes ?? NONE, end: end + 1 });
    tag = undefined;
    attributes = undefined;
  };
  const ignored = () => undefined;
  const tokenizer = new Tokenizer(
    { decodeEntities: true },
    {
      ontext: (start, end) => found({ is: "text", text: html.slice(start, end), start, end }),
      ontextentity: (point, end) => {
        const start = html.lastIndexOf("&", end - 1);
        found({ is: "text", text: String.fromCodePoint(point), start, end });
      },
      onopentagname: (start, end) => {
        tag = { name: html.slice(start, end).toLowerCase(), start: start - 1 };
      },
      onattribname: (start, end) => {
        attribute = html.slice(start, end).toLowerCase();
        value = "";
      },
      onattribdata: (start, end) => {
        value += html.slice(start, end);
      },
      onattribentity: (point) => {
        value += String.fromCodePoint(point);
      },
      onattribend: () => {
        // If an attribute is repeated, the first one counts.
        attributes ??= new Map();
        if (!attributes.has(attribute)) attributes.set(attribute, value);
      },
      onopentagend: opened,
      onselfclosingtag: opened,
      onclosetag: (start, end) => {
        const close = html.indexOf(">", end);
        found({
          is: "close",
          name: html.slice(start, end).toLowerCase(),
          start: start - 2,
          end: close < 0 ? html.length : close + 1,
        });
      },
      oncdata: ignored,
      oncomment: ignored,
      ondeclaration: ignored,
      onprocessinginstruction: ignored,
      onend: ignored,
    },
  );
  tokenizer.write(html);
  tokenizer.end();
}
