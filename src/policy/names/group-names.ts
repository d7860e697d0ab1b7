/** What a custom group may be called: the same rule for commands, the API, clients, and rooms that become groups. */

import { normalized } from "../../base/normalized.ts";
import { oncePer } from "../../base/once-per.ts";
import { tidyName } from "../../base/tidy-name.ts";
import type { Directory } from "../model.ts";
import * as words from "../words.ts";
import { displayNameOf, securityGroupDisplayName } from "./names.ts";

/** The name as stored; null: none, so the group is named after its members. */
export const tidyGroupName = (name: string | null): string | null => tidyName(name ?? "") || null;

/**
 * Lower-case letters of other scripts, and digits, that look like a Latin letter (part of Unicode Technical Standard
 * 39).
 */
const LATIN: Readonly<Record<string, string>> = {
  ...pairs("авекмнорстухіјѕһӏԁԛԝ", "abekmhopctyxijshldqw"),
  ...pairs("αβεζηικμνορτυχ", "abezhikmnoptyx"),
  ...pairs("ıɑɡօսո", "iagoun"),
  // A capital I, a small l, a 1 and a bar look the same in most typefaces.
  ...pairs("i1|0", "lllo"),
};

function pairs(from: string, to: string): Record<string, string> {
  const latin = [...to];
  return Object.fromEntries([...from].map((letter, index) => [letter, latin[index] ?? letter]));
}

/**
 * Equal for names that people may confuse, ignoring case, accents, spaces, punctuation, and letters of other scripts
 * that look alike.
 */
export function nameKey(name: string): string {
  const tidy = normalized(tidyName(name, Number.POSITIVE_INFINITY), "NFKD");
  const small = normalized(tidy.toUpperCase().toLowerCase(), "NFKD").replace(/\p{M}/gu, "");
  const seen = Array.from(small, latinOf).join("");
  const letters = seen.replace(/[^\p{L}\p{N}]/gu, "");
  // A name made of symbols alone, such as a moon, is compared as it is.
  return letters === "" ? seen : letters;
}

function latinOf(letter: string): string {
  const latin = LATIN[letter] ?? letter;
  return LATIN[latin] ?? latin;
}

const OWN = new Set(
  [
    words.alertsName,
    words.arrivalsName,
    words.adminName,
    words.whisper,
    words.emptyGroup,
    words.unknownPerson,
  ].map(nameKey),
);

const ofPeople = oncePer((users: Directory["users"]) => {
  const active = [...users.values()].filter((user) => user.active);
  return new Set(active.flatMap((user) => [user.name, displayNameOf(user)]).map(nameKey));
});

const ofSecurityGroups = oncePer((groups: Directory["securityGroups"]) => {
  const titles = [...groups.values()].flatMap((group) => [group.name, securityGroupDisplayName(group)]);
  return new Set(titles.map(nameKey));
});

/** Why a custom group may not be given this name (or one that looks like it), or null. */
export function cannotBeGroupName(directory: Directory, name: string): string | null {
  const key = nameKey(name);
  const taken =
    OWN.has(key) || ofPeople(directory.users).has(key) || ofSecurityGroups(directory.securityGroups).has(key);
  return taken ? words.nameTaken : null;
}
