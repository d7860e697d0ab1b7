/** A rule's result: the arrival afterwards, and what to do in rooms. Plain data. */

import type { Username } from "../../policy/model.ts";
import type { Undeliverable } from "../../policy/people/arrival-recipients.ts";
import type { Arrival } from "./arrival.ts";

/**
 * What to do about one recipient's notice. `to`: who is told. If that is not a person who can be, it is the reception
 * (see `addresseeOf`).
 */
export type ArrivalEffect =
  | { readonly do: "post"; readonly username: Username }
  | { readonly do: "edit"; readonly username: Username }
  | { readonly do: "take-down"; readonly username: Username }
  /** Ask the recipient again, with a sound. */
  | { readonly do: "nudge"; readonly username: Username }
  /** Tell whoever made the change that the recipient cannot be told. */
  | {
      readonly do: "report";
      readonly username: Username;
      readonly reason: Undeliverable;
      readonly to: Username | null;
    }
  /** Tell whoever marked the arrival that someone who was told can no longer see it. */
  | {
      readonly do: "report-lost";
      readonly username: Username;
      readonly reason: Undeliverable;
      readonly to: Username | null;
    }
  /** Whoever marked the arrival was told that the recipient could not be told: tell them that they have been now. */
  | { readonly do: "report-told"; readonly username: Username; readonly to: Username | null }
  /** Tell whoever marked the arrival that nobody has answered. */
  | { readonly do: "report-nobody"; readonly to: Username | null }
  /** Nobody is told of a patient without a doctor: tell the administrators. */
  | { readonly do: "report-unattended"; readonly at: Date }
  /** Someone is now told of that patient. */
  | { readonly do: "report-attended"; readonly at: Date }
  /** Links to the patient that were made for this arrival open this patient now. */
  | { readonly do: "redirect-links"; readonly patientId: string }
  /** Start the time in which someone should answer, until the next escalation step. `atOnce`: there is none to wait. */
  | { readonly do: "start-clock"; readonly from: Date; readonly atOnce?: true };

export interface ArrivalChange {
  readonly arrival: Arrival;
  readonly effects: readonly ArrivalEffect[];
}
