/** The conversations that exist by themselves, and the key that identifies a conversation before it has an id. */

import type { Conversation, ConversationId, Directory, SecurityGroupId, Username } from "../model.ts";
import { receivesArrivals } from "../people/arrival-recipients.ts";
import { orderedPair } from "../people/individual.ts";
import { accessIndex, hasAccess } from "../people/permissions.ts";

/** What a conversation is about, before it has an id. */
export type Subject =
  | { readonly kind: "alerts" | "admin" }
  | { readonly kind: "arrivals" | "control"; readonly user: Username }
  | { readonly kind: "individual"; readonly pair: readonly [Username, Username] }
  | { readonly kind: "group"; readonly securityGroup: SecurityGroupId }
  | { readonly kind: "custom"; readonly id: ConversationId };

/**
 * The conversations to make without being asked. Once made, one stays even when its user is gone (arrivals switched
 * off, access lost): `expectedRoom` then says who is in it.
 */
export const conversationsOf = (directory: Directory): Exclude<Subject, { kind: "custom" }>[] =>
  conversationsAbout(directory, accessIndex(directory).withAccess, directory.securityGroups.keys());

/** The ones about these people or groups, plus those of the whole practice. */
export function conversationsAbout(
  directory: Directory,
  users: Iterable<Username>,
  groups: Iterable<SecurityGroupId>,
): Exclude<Subject, { kind: "custom" }>[] {
  const wanted: Exclude<Subject, { kind: "custom" }>[] = [{ kind: "alerts" }, { kind: "admin" }];
  for (const user of users) {
    if (!hasAccess(directory, user)) continue;
    wanted.push({ kind: "control", user });
    if (receivesArrivals(directory, user)) wanted.push({ kind: "arrivals", user });
  }
  for (const securityGroup of groups)
    if (directory.securityGroups.has(securityGroup)) wanted.push({ kind: "group", securityGroup });
  return wanted;
}

/** One key per subject. Parts are percent-encoded, so no name can look like a separator. */
export function naturalKey(subject: Subject | Conversation): string {
  switch (subject.kind) {
    case "alerts":
    case "admin":
      return subject.kind;
    case "arrivals":
    case "control":
      return `${subject.kind}:${encodeURIComponent(subject.user)}`;
    case "individual":
      return `individual:${orderedPair(...subject.pair)
        .map(encodeURIComponent)
        .join(":")}`;
    case "group":
      return `group:${encodeURIComponent(subject.securityGroup)}`;
    case "custom":
      return `custom:${encodeURIComponent(subject.id)}`;
  }
}
