/** What an API key may do, with a sentence for the person who issues it. */
export const SCOPES = {
  "directory:write": "send users and security groups",
  "bookings:write": "send bookings",
  "messages:write": "open and change conversations on behalf of a user, post alerts",
  "users:read": "read users, preferences, arrivals and the event streams",
  "users:write": "change preferences, set the open patient, make sign-in links",
  "audit:read": "read the audit record, observe users",
  "audit:write": "repair rooms",
} as const;

export type Scope = keyof typeof SCOPES;

export const isScope = (word: string): word is Scope => Object.hasOwn(SCOPES, word);
export const ALL_SCOPES: readonly Scope[] = Object.keys(SCOPES).filter(isScope);
