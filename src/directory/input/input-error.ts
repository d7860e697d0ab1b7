import type { PatientArrivedAlerts } from "../../policy/model.ts";
import type { Losses } from "./guard.ts";

/** One error in what was sent, and where it is. */
export interface InputError {
  readonly path: string;
  readonly message: string;
}

/** Why nothing was changed. */
export type DirectoryRefusal =
  | { readonly refused: "invalid"; readonly errors: readonly InputError[] }
  | { readonly refused: "mass-loss"; readonly losses: Losses }
  | { readonly refused: "unknown" }
  /** `roles`: those who may. */
  | {
      readonly refused: "alerts-not-for-role";
      readonly alerts: PatientArrivedAlerts;
      readonly roles: readonly string[];
    }
  | { readonly refused: "default-group" };

export const invalidDirectory = (errors: readonly InputError[]): DirectoryRefusal => ({
  refused: "invalid",
  errors,
});
