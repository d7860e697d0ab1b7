/** Which conversation a choice of people and groups opens: the same for clients, commands and the API. */

import type { ConversationId, Directory, SecurityGroupId, Selection, Username } from "../model.ts";
import { cannotBeGroupName, tidyGroupName } from "../names/group-names.ts";
import { mayWrite, orderedPair, reachedAlone } from "../people/individual.ts";
import { membersOf, resolveSelection } from "../people/members.ts";
import { hasAccess, securityGroupsOf } from "../people/permissions.ts";
import {
  canonicalSelection,
  MOST_ENTRIES,
  sameCustomGroup,
  selectionSize,
  withCreator,
} from "../people/selection.ts";
import * as words from "../words.ts";
import { cannotChoose } from "./editing.ts";

export type Opening =
  | { readonly open: "individual"; readonly pair: readonly [Username, Username] }
  | { readonly open: "group"; readonly securityGroup: SecurityGroupId }
  /** An existing custom group. */
  | { readonly open: "custom"; readonly group: ConversationId }
  | { readonly open: "new-custom"; readonly selection: Selection; readonly name: string | null }
  | { readonly open: "refused"; readonly reason: string };

const no = (reason: string): Opening => ({ open: "refused", reason });

/**
 * One person: the individual conversation. One group that includes the asker: its own conversation. Anything else, and
 * anything with a name: a custom group that the asker belongs to, the same one for the same choice. So someone outside
 * a group who opens it alone gets a custom group of themselves and the group.
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
  const entries = selectionSize(chosen);
  if (entries === 0) return no(asked.users.includes(asker) ? words.toYourself : words.nobodyChosen);
  const wrong = cannotChoose(directory, chosen);
  const [person] = chosen.users;
  if (entries === 1 && person !== undefined) {
    // This applies even if the pair asks for a group with a name: two people alone are an individual conversation,
    // whatever it is called.
    const verdict = mayWrite(directory, asker, person);
    if (!verdict.allowed) return no(verdict.reason);
    if (name === null) return { open: "individual", pair: orderedPair(asker, person) };
  }
  if (wrong !== null) return no(wrong);
  if (entries === 1 && name === null) {
    const own = ownConversation(directory, asker, chosen);
    if (own !== null) return own;
  }
  const selection = withCreator(directory, chosen, asker);
  if (selectionSize(selection) > MOST_ENTRIES) return no(words.tooManyChosen(MOST_ENTRIES));
  const known = sameCustomGroup(directory, selection, name);
  if (known !== null) return { open: "custom", group: known.id };
  // Judged by who is really in it: with empty groups, or people who cannot sign in, several may amount to two.
  const reached = reachedAlone(directory, resolveSelection(directory, selection), asker);
  if (reached !== null)
    return no(words.neverReceives(directory.users.get(reached)?.name ?? words.unknownPerson));
  const taken = name === null ? null : cannotBeGroupName(directory, name);
  return taken === null ? { open: "new-custom", selection, name } : no(taken);
}

/** The conversation of the only chosen group, if the asker is in it. */
function ownConversation(directory: Directory, asker: Username, chosen: Selection): Opening | null {
  const [securityGroup] = chosen.securityGroups;
  if (securityGroup !== undefined) {
    return securityGroupsOf(directory, asker).has(securityGroup) ? { open: "group", securityGroup } : null;
  }
  const [group] = chosen.customGroups;
  return group !== undefined && membersOf(directory, group).has(asker) ? { open: "custom", group } : null;
}
