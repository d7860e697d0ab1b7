import { naturalKey, type Subject } from "../../policy/conversations/conversations-of.ts";
import type { SecurityGroupId, Username } from "../../policy/model.ts";
import { orderedPair } from "../../policy/people/individual.ts";
import type { NewConversation } from "./store.ts";

/** The row of the conversation about a subject. Custom groups are created by their own rules. */
export function conversationAbout(subject: Exclude<Subject, { kind: "custom" }>): NewConversation {
  const row = { kind: subject.kind, naturalKey: naturalKey(subject) };
  switch (subject.kind) {
    case "alerts":
    case "admin":
      return row;
    case "arrivals":
    case "control":
      return { ...row, username: subject.user };
    case "group":
      return { ...row, securityGroup: subject.securityGroup };
    case "individual": {
      const [username, otherUsername] = orderedPair(...subject.pair);
      return { ...row, username, otherUsername };
    }
  }
}

export const alertsConversation = conversationAbout({ kind: "alerts" });
export const adminConversation = conversationAbout({ kind: "admin" });
export const arrivalsConversation = (user: Username) => conversationAbout({ kind: "arrivals", user });
export const controlConversation = (user: Username) => conversationAbout({ kind: "control", user });
export const groupConversation = (securityGroup: SecurityGroupId) =>
  conversationAbout({ kind: "group", securityGroup });
/** One per pair, no matter who begins. */
export const individualConversation = (one: Username, other: Username) =>
  conversationAbout({ kind: "individual", pair: [one, other] });
