/** Who stands in if HealthTrack names no doctor, or no one who can be told. Plain data in, plain data out. */

import type { Directory, SecurityGroupId, Username } from "../../policy/model.ts";
import { sameName } from "../../policy/names/spelling.ts";
import { type ArrivalRecipient, arrivalRecipients } from "../../policy/people/arrival-recipients.ts";
import { accessIndex } from "../../policy/people/permissions.ts";
import type { ToldAs } from "./arrival.ts";
import { isReachable, ruleAt, type Target, targetOf } from "./configured-people.ts";

/** Who looks after arrivals at one location, or (if none is given) at all others. */
export interface ReceptionRule {
  readonly location?: string | undefined;
  /** A security group's id or name, or a user name. */
  readonly group: string;
}

export interface ReceptionSettings {
  readonly reception: readonly ReceptionRule[];
  /** Without a rule of its own, a location's reception is the one that its escalation names. */
  readonly escalation: readonly {
    readonly location?: string | undefined;
    readonly reception?: string | undefined;
  }[];
  /** Names in `changed_by` that are not people. */
  readonly kiosks: readonly string[];
}

/** Someone to tell, and the reason, unless that is the booking and their own setting. */
export type PersonToTell = ArrivalRecipient & { readonly toldAs?: ToldAs };

/** A location's reception, as far as it can be told in Whisper; null: there is none, or nobody there can be told. */
export function receptionAt(
  directory: Directory,
  { reception, escalation }: ReceptionSettings,
  location: string | null,
): Target | null {
  const named = ruleAt(reception, location)?.group ?? ruleAt(escalation, location)?.reception;
  const target = named === undefined ? null : targetOf(directory, named);
  return target === null || target === "several" || target.people.length === 0 ? null : target;
}

/**
 * Everyone who is told of a booking. Without a doctor: everyone whose setting covers it; if there is nobody, the
 * location's reception.
 */
export function peopleToTell(
  directory: Directory,
  settings: ReceptionSettings,
  booking: { readonly doctor: Username | null; readonly location: string | null },
): PersonToTell[] {
  const recipients = arrivalRecipients(directory, booking);
  if (booking.doctor !== null || recipients.length > 0) return recipients;
  const people = receptionAt(directory, settings, booking.location)?.people ?? [];
  return people.map((username) => ({ username, deliver: true, toldAs: "reception" }));
}

/** Who receives what is meant for the person who marked an arrival. */
export type Addressee =
  | { readonly kind: "person"; readonly username: Username }
  | { readonly kind: "group"; readonly group: SecurityGroupId; readonly name: string }
  | { readonly kind: "admins" };

/**
 * Whoever marked the arrival, if they are a person who can be told in Whisper; otherwise the location's reception;
 * otherwise the administrators. Null: there is none of these.
 */
export function addresseeOf(
  directory: Directory,
  settings: ReceptionSettings,
  marker: Username | null,
  location: string | null,
): Addressee | null {
  if (marker !== null && !isKiosk(settings, marker) && isReachable(directory, marker)) {
    return { kind: "person", username: marker };
  }
  const reception = receptionAt(directory, settings, location);
  const [person] = reception?.people ?? [];
  if (reception !== null && reception.group !== null) {
    return { kind: "group", group: reception.group, name: reception.label };
  }
  if (person !== undefined) return { kind: "person", username: person };
  return accessIndex(directory).admins.size > 0 ? { kind: "admins" } : null;
}

const isKiosk = ({ kiosks }: ReceptionSettings, marker: Username): boolean =>
  kiosks.some((kiosk) => sameName(kiosk, marker));
