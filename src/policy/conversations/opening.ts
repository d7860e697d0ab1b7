/** What conversation a choice of people and groups opens; the same for clients, commands and the API. */

import type { ConversationId, Directory, SecurityGroupId, Selection, Username } from "../model.ts";
import { cannotBeGroupName, tidyGroupName } from "../names/group-names.ts";
import { mayWrite, orderedPair, reachedAlone } from "../people/individual.ts";
import { membersOf, resolveSelection } from "../people/members.ts";
import { hasAccess, securityGroupsOf } from "../people/permissions.ts";
import {
  canonicalSelection,
  findCustomGroup,
  MOST_PIECES,
  piecesOf,
  withCreator,
} from "../people/selection.ts";
import * as words from "../words.ts";
import { cannotChoose } from "./editing.ts";

export type Opening =
  | { readonly open: "individual"; readonly pair: readonly [Username, Username] }
  | { readonly open: "group"; readonly securityGroup: SecurityGroupId }
  /** A custom group that there is. */
  | { readonly open: "custom"; readonly group: ConversationId }
  | { readonly open: "new-custom"; readonly selection: Selection; readonly name: string | null }
  | { readonly open: "refused"; readonly reason: string };

const no = (reason: string): Opening => ({ open: "refused", reason });

/**
 * One person: the individual conversation. One group that the asker is in: its own conversation. All else, and
 * everything that is given a name: a custom group, the same for the same choice, and the asker belongs to it.
 * So someone outside a group who opens it alone gets a custom group of themselves and the group.
 */
export function openingFor(
  directory: Directory,
  asker: Username,
  asked: Selection,
  title: string | null,
): Opening {
  const name = tidyGroupName(title);
  if (!hasAccess(directory, asker)) return no(words.youHaveNoAccess);
  const chosen = canonicalSelection({
    ...asked,
    users: asked.users.filter((username) => username !== asker),
  });
  const pieces = piecesOf(chosen);
  if (pieces === 0) return no(asked.users.includes(asker) ? words.toYourself : words.nobodyChosen);
  const wrong = cannotChoose(directory, chosen);
  const [person] = chosen.users;
  if (pieces === 1 && person !== undefined) {
    // Also when the pair is to be a group with a name: two people alone are an individual conversation by any name.
    const verdict = mayWrite(directory, asker, person);
    if (!verdict.allowed) return no(verdict.reason);
    if (name === null) return { open: "individual", pair: orderedPair(asker, person) };
  }
  if (wrong !== null) return no(wrong);
  if (pieces === 1 && name === null) {
    const own = ownConversation(directory, asker, chosen);
    if (own !== null) return own;
  }
  const selection = withCreator(directory, chosen, asker);
  if (piecesOf(selection) > MOST_PIECES) return no(words.tooManyChosen(MOST_PIECES));
  const known = findCustomGroup(directory, selection, name);
  if (known !== null) return { open: "custom", group: known.id };
  // By what it comes to: with groups that are empty, or people who cannot sign in, several may be two.
  const reached = reachedAlone(directory, resolveSelection(directory, selection), asker);
  if (reached !== null)
    return no(words.neverReceives(directory.users.get(reached)?.name ?? words.unknownPerson));
  const taken = name === null ? null : cannotBeGroupName(directory, name);
  return taken === null ? { open: "new-custom", selection, name } : no(taken);
}

/** The conversation of the only group chosen, if the asker is in it. */
function ownConversation(directory: Directory, asker: Username, chosen: Selection): Opening | null {
  const [securityGroup] = chosen.securityGroups;
  if (securityGroup !== undefined) {
    return securityGroupsOf(directory, asker).has(securityGroup) ? { open: "group", securityGroup } : null;
  }
  const [group] = chosen.customGroups;
  return group !== undefined && membersOf(directory, group).has(asker) ? { open: "custom", group } : null;
}
