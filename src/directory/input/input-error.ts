import type { Losses } from "./guard.ts";

/** One thing wrong with what was sent, and where. */
export interface InputError {
  readonly path: string;
  readonly message: string;
}

/** The reason why nothing was changed. */
export type Refusal =
  | { readonly refused: "invalid"; readonly errors: readonly InputError[] }
  | { readonly refused: "mass-loss"; readonly losses: Losses }
  | { readonly refused: "unknown" }
  | { readonly refused: "default-group" };

export const invalid = (errors: readonly InputError[]): Refusal => ({ refused: "invalid", errors });
