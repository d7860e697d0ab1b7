/** What a message says as a command: its text, with the people and groups it mentions replaced by their accounts. */

import { withoutFallback } from "../messages/html/fallback.ts";
import { htmlPieces, type Piece } from "../messages/html/markup.ts";
import type { UserId } from "../policy/model.ts";

type Content = Readonly<Record<string, unknown>>;

/** The most characters of a command, as shown: enough for a whole ward round, but not for a pasted letter. */
export const LONGEST_COMMAND = 2_000;
/** A text without links is searched for at most this many people. */
const MOST_MENTIONS = 200;
/** How a link to an account begins when clients write a mention (client-server API, "User and room mentions"). */
const MENTION = "https://matrix.to/#/";

export const TOO_LONG = Symbol("the command is too long");

/**
 * Null: it is not text.
 * @param named the names by which an account may be mentioned in the plain text, for clients that write no links.
 */
export function commandText(
  content: Content,
  named: (id: UserId) => readonly string[],
): string | typeof TOO_LONG | null {
  const { msgtype, body, formatted_body: html } = content;
  if (msgtype !== "m.text" || typeof body !== "string") return null;
  const pieces = typeof html === "string" ? htmlPieces(html) : [];
  if (pieces.some((piece) => mentionedBy(piece) !== null)) return fromHtml(pieces);
  const text = withoutFallback(body, "not needed").trim();
  return text.length > LONGEST_COMMAND ? TOO_LONG : withAccounts(text, mentioned(content), named);
}

function fromHtml(pieces: readonly Piece[]): string | typeof TOO_LONG {
  const said: string[] = [];
  let shown = 0;
  let inMention = false;
  for (const piece of pieces) {
    if (piece.is === "text") {
      shown += piece.text.trim().length;
      if (!inMention) said.push(piece.text);
      continue;
    }
    const id = mentionedBy(piece);
    // A link inside a link ends the outer one (HTML, "in body", a start tag whose name is "a").
    if (piece.name === "a") inMention = id !== null;
    said.push(id === null ? " " : ` ${id} `);
  }
  if (shown > LONGEST_COMMAND) return TOO_LONG;
  return said.join("").replace(/\s+/g, " ").trim();
}

/** The account that a tag links to; null: none. */
function mentionedBy(piece: Piece): string | null {
  if (piece.is !== "open" || piece.name !== "a") return null;
  const href = piece.attributes.get("href")?.trim() ?? "";
  if (href.slice(0, MENTION.length).toLowerCase() !== MENTION) return null;
  const [linked = ""] = href.slice(MENTION.length).split("?", 1);
  const id = decoded(linked);
  return id.startsWith("@") && id.length > 1 ? id : null;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

function mentioned(content: Content): UserId[] {
  const mentions = content["m.mentions"];
  if (typeof mentions !== "object" || mentions === null || !("user_ids" in mentions)) return [];
  const { user_ids } = mentions;
  if (!Array.isArray(user_ids)) return [];
  const ids = user_ids.slice(0, MOST_MENTIONS).filter((id): id is UserId => typeof id === "string");
  return [...new Set(ids)];
}

/**
 * Longest name first, so that `Anna Jones` is not taken for `Anna`. Text that already is an account is no longer a
 * name.
 */
function withAccounts(
  text: string,
  ids: readonly UserId[],
  named: (id: UserId) => readonly string[],
): string {
  const names = ids.flatMap((id) => named(id).map((name) => ({ id, name })));
  names.sort((one, other) => other.name.length - one.name.length);
  let pieces: readonly (string | { readonly id: UserId })[] = [text];
  for (const { id, name } of names) {
    if (name === "" || !text.includes(name)) continue;
    pieces = pieces.flatMap((piece) =>
      typeof piece === "string" ? joined(piece.split(name), { id }) : piece,
    );
  }
  return pieces
    .map((piece) => (typeof piece === "string" ? piece : ` ${piece.id} `))
    .join("")
    .trim();
}

const joined = <T, U>(parts: readonly T[], between: U): (T | U)[] =>
  parts.flatMap((part, at) => (at === 0 ? [part] : [between, part]));
