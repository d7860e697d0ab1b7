/** The conversation that someone asks for by making a room in a client: whom they chose, and what that opens. */

import type { Directory, PracticeSettings, Selection, UserId, Username } from "../model.ts";
import { notInDirectory, whoIs } from "../names/names.ts";
import { groupName, membersOf } from "../people/members.ts";
import { hasAccess, securityGroupsOf } from "../people/permissions.ts";
import * as words from "../words.ts";
import { type Opening, openingFor } from "./opening.ts";

export interface AskedRoom {
  readonly maker: UserId | null;
  /** Everyone whom the maker put in it, in whatever way; this may include the maker. */
  readonly chosen: Iterable<UserId>;
  readonly name: string | null;
  /** The client calls it a direct chat (client-server API, `is_direct`). */
  readonly direct: boolean;
  readonly space: boolean;
  /** Someone who is not invited could join it, find it or read it. */
  readonly openToAll: boolean;
}

export type AskedFor =
  /** Nobody else is chosen yet, so there is nothing to do. */
  | { readonly is: "unfinished"; readonly asker: Username }
  /** `asker`: whom to tell, if they are one of ours. */
  | { readonly is: "refused"; readonly reason: string; readonly asker: Username | null }
  /** A chat with Whisper itself: the control room. */
  | { readonly is: "control"; readonly asker: Username }
  | {
      readonly is: "opening";
      readonly asker: Username;
      readonly opening: Exclude<Opening, { open: "refused" }>;
    };

export function whatIsAskedFor(directory: Directory, settings: PracticeSettings, asked: AskedRoom): AskedFor {
  const maker = asked.maker === null ? null : whoIs(settings, asked.maker, directory);
  if (maker?.is !== "person") return { is: "refused", reason: words.outsider, asker: null };
  const asker = maker.username;
  const refuse = (reason: string): AskedFor => ({ is: "refused", reason, asker });
  if (!hasAccess(directory, asker)) return refuse(words.youHaveNoAccess);
  const chosen = chosenIn(directory, settings, asked.chosen, asker);
  if (typeof chosen === "string") return refuse(chosen);
  const { selection } = chosen;
  const wrongKind = asked.space ? words.spaces : asked.openToAll ? words.publicRooms : null;
  if (selection === null) {
    if (wrongKind !== null) return refuse(wrongKind);
    return chosen.withBot ? { is: "control", asker } : { is: "unfinished", asker };
  }
  const alone =
    selection.users.length + selection.securityGroups.length + selection.customGroups.length === 1;
  // A direct chat has no name of its own, whatever the client set.
  const name = asked.direct && alone && selection.users.length === 1 ? null : asked.name;
  if (alone && (name ?? "").trim() === "") {
    const outside = groupWithout(directory, asker, selection);
    if (outside !== null) return refuse(words.notInGroup(outside));
  }
  const opening = openingFor(directory, asker, selection, name);
  if (opening.open === "refused") return refuse(opening.reason);
  return wrongKind === null ? { is: "opening", asker, opening } : refuse(wrongKind);
}

/** The name of the group, if someone outside it chose it alone; otherwise null. */
function groupWithout(directory: Directory, asker: Username, selection: Selection): string | null {
  const [securityGroup] = selection.securityGroups;
  if (securityGroup !== undefined) {
    const belongs = securityGroupsOf(directory, asker).has(securityGroup);
    return belongs ? null : (directory.securityGroups.get(securityGroup)?.name ?? null);
  }
  const [customGroup] = selection.customGroups;
  if (customGroup === undefined || membersOf(directory, customGroup).has(asker)) return null;
  return groupName(directory, customGroup);
}

/** The people and groups among those chosen; a sentence if one of them cannot be there. */
function chosenIn(
  directory: Directory,
  settings: PracticeSettings,
  chosen: Iterable<UserId>,
  maker: Username,
): string | { readonly selection: Selection | null; readonly withBot: boolean } {
  const users: Username[] = [];
  const securityGroups: Selection["securityGroups"][number][] = [];
  const customGroups: Selection["customGroups"][number][] = [];
  let withBot = false;
  for (const id of new Set(chosen)) {
    const someone = whoIs(settings, id, directory);
    if (someone.is === "bot") withBot = true;
    else if (someone.is === "stranger") return words.outsider;
    else if (someone.is === "departed") return notInDirectory(settings, id);
    else if (someone.is === "person") {
      if (someone.username !== maker) users.push(someone.username);
    } else if ("securityGroup" in someone.target) securityGroups.push(someone.target.securityGroup);
    else customGroups.push(someone.target.customGroup);
  }
  const nobody = users.length + securityGroups.length + customGroups.length === 0;
  return { selection: nobody ? null : { users, securityGroups, customGroups }, withBot };
}
