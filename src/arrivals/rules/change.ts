/** What a rule answers: the arrival as it is then, and what is to be done in rooms. Plain data. */

import type { Username } from "../../policy/model.ts";
import type { Undeliverable } from "../../policy/people/arrival-recipients.ts";
import type { Arrival } from "./arrival.ts";

/** Something to be done about one recipient's notice. */
export type Effect =
  | { readonly do: "post"; readonly username: Username }
  | { readonly do: "edit"; readonly username: Username }
  | { readonly do: "take-down"; readonly username: Username }
  /** The recipient is asked once more, in a way that makes a sound. */
  | { readonly do: "nudge"; readonly username: Username }
  /** Whoever made the change is told that the recipient cannot be told. */
  | {
      readonly do: "report";
      readonly username: Username;
      readonly reason: Undeliverable;
      readonly to: Username;
    }
  /** Whoever marked the arrival is told that somebody who was told cannot see it any more. */
  | {
      readonly do: "report-lost";
      readonly username: Username;
      readonly reason: Undeliverable;
      readonly to: Username;
    }
  /** Whoever marked the arrival, and was told that the recipient could not be told, is told that they have been now. */
  | { readonly do: "report-told"; readonly username: Username; readonly to: Username }
  /** Whoever marked the arrival is told that nobody has answered. */
  | { readonly do: "report-nobody"; readonly to: Username }
  /** The time starts in which somebody should answer, until the next step of the escalation. */
  | { readonly do: "start-clock"; readonly from: Date };

export interface Change {
  readonly arrival: Arrival;
  readonly effects: readonly Effect[];
}
