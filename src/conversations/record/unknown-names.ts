import type { Directory, Selection, Username } from "../../policy/model.ts";
import * as words from "../../policy/words.ts";
import { invalid, type Refusal } from "./refusal.ts";

/** A selection's first entry that the directory does not know, with its place in the request; null: all are known. */
export function unknownEntry(directory: Directory, chosen: Selection, before = ""): Refusal | null {
  const user = chosen.users.findIndex((username) => !directory.users.has(username));
  if (user >= 0) return invalid(`${before}users[${user}]`, words.noSuchPerson);
  const securityGroup = chosen.securityGroups.findIndex((id) => !directory.securityGroups.has(id));
  if (securityGroup >= 0) return invalid(`${before}security_groups[${securityGroup}]`, words.noSuchGroup);
  const customGroup = chosen.customGroups.findIndex((id) => !directory.customGroups.has(id));
  if (customGroup >= 0) return invalid(`${before}custom_groups[${customGroup}]`, words.noSuchGroup);
  return null;
}

/** The person in whose name a request is made must be in the directory. */
export const unknownAsker = (directory: Directory, as: Username): Refusal | null =>
  directory.users.has(as) ? null : invalid("as", words.noSuchPerson);
