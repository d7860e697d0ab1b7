import type { Username } from "../policy/model.ts";

/** A way in that works once. */
export interface IssuedSignIn {
  readonly login_token: string;
  readonly url: string;
  /** Seconds. */
  readonly expires_in: number;
}

export type SignInRefusal =
  | { readonly refused: "unknown-user" | "no-access" }
  /** Someone blocked the account in Synapse itself. */
  | { readonly refused: "blocked"; readonly why: "deactivated" | "locked" | "suspended" | "shadow-banned" }
  /** The homeserver gives one a minute per user. Seconds to wait. */
  | { readonly refused: "too-soon"; readonly retryAfter: number }
  | { readonly refused: "homeserver-down"; readonly retryAfter?: number };

/** Signs a user of the directory in. Implemented by the part that talks to the homeserver. */
export type IssueSignIn = (username: Username) => Promise<IssuedSignIn | SignInRefusal>;
