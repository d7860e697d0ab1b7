/** What a message says as a command: its text, with the people and groups that it mentions as their accounts. */

import type { UserId } from "../../policy/model.ts";

type Content = Readonly<Record<string, unknown>>;

/** A link to an account, as clients write a mention (client-server API, "User and room mentions"). */
const MENTION =
  /<a\b[^>]*\bhref\s*=\s*["']https:\/\/matrix\.to\/#\/((?:@|%40)[^"'?]+)[^"']*["'][^>]*>.*?<\/a>/gis;

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

/** `named`: the names under which an account may be mentioned in the plain text, for clients that write no links. */
export function commandText(content: Content, named: (id: UserId) => readonly string[]): string | null {
  const { msgtype, body, formatted_body: html } = content;
  if (msgtype !== "m.text" || typeof body !== "string") return null;
  if (typeof html === "string" && html.search(MENTION) >= 0) return fromHtml(html);
  return withAccounts(withoutQuote(body), mentioned(content), named).trim();
}

function fromHtml(html: string): string {
  return html
    .replace(/<mx-reply>.*?<\/mx-reply>/gis, "")
    .replace(MENTION, (_, id: string) => ` ${decoded(id)} `)
    .replace(/<[^>]*>/g, " ")
    .replace(
      /&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi,
      (whole, decimal, hex, name) => character(decimal, hex) ?? ENTITIES[name] ?? whole,
    )
    .replace(/\s+/g, " ")
    .trim();
}

function character(decimal: string | undefined, hex: string | undefined): string | undefined {
  const point =
    decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : Number.NaN;
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** Clients that know no rich replies quote what is answered before the answer. */
const withoutQuote = (body: string): string => body.replace(/^(?:> .*\n)+\n?/, "");

function mentioned(content: Content): UserId[] {
  const mentions = content["m.mentions"];
  if (typeof mentions !== "object" || mentions === null || !("user_ids" in mentions)) return [];
  const { user_ids } = mentions;
  return Array.isArray(user_ids) ? user_ids.filter((id): id is UserId => typeof id === "string") : [];
}

/** The longest name first, so that `Anna Jones` is not taken for `Anna`. */
function withAccounts(
  text: string,
  ids: readonly UserId[],
  named: (id: UserId) => readonly string[],
): string {
  const names = ids.flatMap((id) => named(id).map((name) => ({ id, name })));
  names.sort((one, other) => other.name.length - one.name.length);
  return names.reduce((now, { id, name }) => (name === "" ? now : now.replaceAll(name, ` ${id} `)), text);
}
