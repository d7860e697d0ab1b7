/** One thing wrong with what was sent, and where. */
export interface InputError {
  readonly path: string;
  readonly message: string;
}

/** The reason why nothing was changed. */
export type Refusal =
  | { readonly refused: "invalid"; readonly errors: readonly InputError[] }
  | { readonly refused: "mass-deactivation"; readonly active: number; readonly deactivated: number }
  | { readonly refused: "unknown" }
  | { readonly refused: "default-group" };

export const invalid = (errors: readonly InputError[]): Refusal => ({ refused: "invalid", errors });
