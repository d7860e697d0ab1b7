/**
 * Why a conversation was not opened or changed. `reason` is a sentence for the person in whose name the request was
 * made.
 */
export type Refusal =
  | { readonly refused: "unknown" }
  | { readonly refused: "forbidden"; readonly reason: string }
  | { readonly refused: "conflict"; readonly reason: string }
  /** `path`: of the wrong field, such as `users[0]`. */
  | { readonly refused: "invalid"; readonly path: string; readonly reason: string };

export const forbidden = (reason: string): Refusal => ({ refused: "forbidden", reason });
export const conflict = (reason: string): Refusal => ({ refused: "conflict", reason });
export const invalid = (path: string, reason: string): Refusal => ({ refused: "invalid", path, reason });

/**
 * The sentence for a person in a chat, where field names mean nothing. `unknown`: what to say about a missing
 * conversation.
 */
export const sentenceOf = (refusal: Refusal, unknown: string): string =>
  refusal.refused === "unknown" ? unknown : refusal.reason;
