import type { SecurityGroupId, Username } from "../policy/model.ts";
import type { NewConversation } from "./store.ts";

/** The conversations that are the only one of their kind, by what makes them so. */
export const alertsConversation: NewConversation = { kind: "alerts", naturalKey: "alerts" };
export const adminConversation: NewConversation = { kind: "admin", naturalKey: "admin" };

export const arrivalsConversation = (username: Username): NewConversation => ({
  kind: "arrivals",
  naturalKey: key("arrivals", username),
  username,
});

export const controlConversation = (username: Username): NewConversation => ({
  kind: "control",
  naturalKey: key("control", username),
  username,
});

export const groupConversation = (securityGroup: SecurityGroupId): NewConversation => ({
  kind: "group",
  naturalKey: key("group", securityGroup),
  securityGroup,
});

/** One per pair, whoever begins. */
export function individualConversation(one: Username, other: Username): NewConversation {
  const [username, otherUsername] = one < other ? [one, other] : [other, one];
  return { kind: "individual", naturalKey: key("individual", username, otherUsername), username, otherUsername };
}

/** Names may hold any character, so each part is escaped before they are joined. */
const key = (kind: string, ...parts: readonly string[]) => [kind, ...parts.map(encodeURIComponent)].join(":");
