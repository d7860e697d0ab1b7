/** Who is told that a patient has arrived (docs/product-text.md#patient-arrivals; Patient Arrived Alerts setting). */

import { oncePer } from "../../base/once-per.ts";
import type { Directory, PatientArrivedAlerts, User, Username } from "../model.ts";
import { sameLocation } from "../names/locations.ts";
import { doctorOf } from "./doctors.ts";
import { hasAccess } from "./permissions.ts";

/** Why someone cannot use Whisper at all. */
export type Unreachable = "no-account" | "inactive" | "no-access";
/** `not-sent`: the homeserver refused the notice for good. */
export type Undeliverable = Unreachable | "alerts-off" | "not-sent";

export type ArrivalRecipient =
  | { readonly username: Username; readonly deliver: true }
  | { readonly username: Username; readonly deliver: false; readonly reason: Undeliverable };

/** What the rules need from a booking. */
export interface ArrivedBooking {
  /** Null: the booking has no doctor, as for a walk-in. */
  readonly doctor: Username | null;
  readonly location: string | null;
}

/** If not set: a doctor's own bookings, and none for everyone else. */
export const patientArrivedAlerts = (user: Pick<User, "doctor" | "preferences">): PatientArrivedAlerts =>
  user.preferences.patientArrivedAlerts ?? (user.doctor ? "own" : "off");

/** Does the user have an arrivals room? */
export function receivesArrivals(directory: Directory, username: Username): boolean {
  const user = directory.users.get(username);
  return user !== undefined && hasAccess(directory, username) && patientArrivedAlerts(user) !== "off";
}

/** Those who follow more than their own bookings. They are few among many users, so they are looked up once. */
const watchers = oncePer((users: Directory["users"]) =>
  [...users.values()].filter((user) => {
    const alerts = patientArrivedAlerts(user);
    return user.active && (alerts === "location" || alerts === "all");
  }),
);

/**
 * The booking's doctor first (if it has one), with the reason if they cannot be told, then everyone whose setting
 * covers the booking and who can use Whisper. A doctor is told of all their bookings unless they switched that off.
 * Never Receive is about direct messages and Keep Hidden about sound: neither holds back a notice.
 */
export function arrivalRecipients(directory: Directory, booking: ArrivedBooking): ArrivalRecipient[] {
  const doctor = booking.doctor === null ? null : doctorOf(directory, booking.doctor);
  const recipients: ArrivalRecipient[] = doctor === null ? [] : [ofDoctor(directory, doctor)];
  for (const watcher of watchers(directory.users)) {
    if (watcher.username === doctor || !hasAccess(directory, watcher.username)) continue;
    if (patientArrivedAlerts(watcher) === "all" || isAt(watcher, booking.location)) {
      recipients.push({ username: watcher.username, deliver: true });
    }
  }
  return recipients;
}

const isAt = (user: User, location: string | null): boolean =>
  location !== null && user.locations.some((place) => sameLocation(place, location));

function ofDoctor(directory: Directory, username: Username): ArrivalRecipient {
  const user = directory.users.get(username);
  const off = user !== undefined && patientArrivedAlerts(user) === "off";
  const reason = whyUnreachable(directory, username) ?? (off ? "alerts-off" : null);
  return reason === null ? { username, deliver: true } : { username, deliver: false, reason };
}

/** Why the user cannot be told anything in Whisper; null: they can be. */
export function whyUnreachable(directory: Directory, username: Username): Unreachable | null {
  const user = directory.users.get(username);
  if (user === undefined) return "no-account";
  if (!user.active) return "inactive";
  return hasAccess(directory, username) ? null : "no-access";
}
