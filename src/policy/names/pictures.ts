/**
 * Pictures that Whisper draws itself: of rooms, of the bot, of groups' handles and of people without a portrait. An
 * address says all that the picture shows, and the read gate answers for it (appservice/gate/pictures). So nothing is
 * uploaded, and nothing has to be remembered.
 */

import type { ConversationKind } from "../model.ts";
import { initialsOf } from "./initials.ts";

export const ICONS = ["whisper", "alerts", "arrivals", "group", "custom", "admin"] as const;
export type Icon = (typeof ICONS)[number];

export type Picture =
  | { readonly shows: "icon"; readonly icon: Icon }
  /** One or two letters on a background. */
  | { readonly shows: "initials"; readonly letters: string; readonly shade: number };

/** How many backgrounds there are for letters. */
export const SHADES = 8;
/** Clients keep pictures for good: a changed drawing needs a new address. Synapse makes no id that begins like this. */
const ID = "whisper-1-";
/** Letters that the font has. Others would be an empty box. */
const DRAWABLE = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]$/u;

/** A Matrix content URI (client-server API, "Matrix Content (mxc://) URIs"). */
export const pictureUri = (serverName: string, picture: Picture): string =>
  `mxc://${serverName}/${ID}${
    picture.shows === "icon"
      ? picture.icon
      : [picture.shade, ...[...picture.letters].map((letter) => letter.codePointAt(0)?.toString(16))].join(
          "-",
        )
  }`;

/** @returns the picture behind a media id; null: it is not one of Whisper's pictures. */
export function pictureOf(mediaId: string): Picture | null {
  if (!mediaId.startsWith(ID)) return null;
  const rest = mediaId.slice(ID.length);
  const icon = ICONS.find((each) => each === rest);
  if (icon !== undefined) return { shows: "icon", icon };
  const [, shade, codes = ""] = /^([0-7])((?:-[0-9a-f]{2,5}){1,2})$/.exec(rest) ?? [];
  const letters = codes
    .split("-")
    .slice(1)
    .map((code) => String.fromCodePoint(Number.parseInt(code, 16)));
  if (shade === undefined || !letters.every((letter) => DRAWABLE.test(letter))) return null;
  return { shows: "initials", letters: letters.join(""), shade: Number(shade) };
}

/** Is this the address of one of Whisper's pictures, and not of a portrait that someone chose? */
export const isOwnPicture = (serverName: string, uri: string): boolean =>
  uri.startsWith(`mxc://${serverName}/${ID}`);

/**
 * Initials without titles: `Dr Priya Nair` is PN, where clients would show D. Null: the name gives no letter that can
 * be drawn, and clients show their own.
 */
export function pictureOfPerson(username: string, name: string): Picture | null {
  const [first = "", ...others] = initialsOf(name).split(".").filter(Boolean);
  const drawn = `${first}${others.at(-1) ?? ""}`;
  if (drawn === "" || ![...drawn].every((letter) => DRAWABLE.test(letter))) return null;
  return { shows: "initials", letters: drawn, shade: shadeOf(username) };
}

/** The same for a person everywhere and for ever, even if their name changes. */
const shadeOf = (username: string): number =>
  [...username].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521, 7) % SHADES;

/** Null: clients show the picture of the other person. */
export function pictureOfConversation(kind: ConversationKind): Picture | null {
  switch (kind) {
    case "individual":
    case "control":
      return null;
    case "alerts":
    case "arrivals":
    case "group":
    case "custom":
    case "admin":
      return { shows: "icon", icon: kind };
    default:
      return kind satisfies never;
  }
}
