/** Bookings and arrivals for the tests of the rules: one day at the practice, in minutes after nine. */

import type { Arrival, ArrivalId } from "../../../../src/arrivals/rules/arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "../../../../src/arrivals/rules/arrival-change.ts";
import type { Booking } from "../../../../src/arrivals/rules/booking.ts";
import type { Surroundings } from "../../../../src/arrivals/rules/coming.ts";
import { type BookingOutcome, changeBooking } from "../../../../src/arrivals/rules/lifecycle.ts";
import type { ReceptionSettings } from "../../../../src/arrivals/rules/reception.ts";
import type {
  Directory,
  SecurityGroup,
  SecurityGroupId,
  User,
  Username,
} from "../../../../src/policy/model.ts";
import type { ArrivalRecipient } from "../../../../src/policy/people/arrival-recipients.ts";

import { user as activeUser, type UserPart } from "../../policy/support/practice.ts";

export const minute = (count: number): Date => new Date(Date.UTC(2026, 2, 1, 22, count));
export const named = (username: string): Username => username as Username;

export const JONES = named("dr.jones");
export const SMITH = named("dr.smith");
export const MIA = named("mia");
export const NURSE = named("nurse");

export const booking = (changes: Partial<Booking> = {}): Booking => ({
  bookingId: "b1",
  status: "arrived",
  patientId: "p1",
  patientName: "Alice Jones",
  doctor: JONES,
  location: "Main St",
  appointmentAt: minute(90),
  utcOffset: null,
  changedBy: MIA,
  changedAt: minute(80),
  ...changes,
});

export const told = (...usernames: readonly Username[]): ArrivalRecipient[] =>
  usernames.map((username) => ({ username, deliver: true }));

/** As in the tests of the rules, but the name is the username in capitals. */
export const user = (username: string, changes: UserPart = {}): User =>
  activeUser(username, { name: username.toUpperCase(), ...changes });

export const securityGroup = (id: string, name: string, members: readonly Username[]): SecurityGroup => ({
  id: id as SecurityGroupId,
  name,
  permissions: [],
  members,
});

export const directoryOf = (users: readonly User[], groups: readonly SecurityGroup[] = []): Directory => ({
  users: new Map(users.map((each) => [each.username, each])),
  securityGroups: new Map(groups.map((each) => [each.id, each])),
  customGroups: new Map(),
});

let ids = 0;

export const around = (changes: Partial<Surroundings> = {}): Surroundings => ({
  open: [],
  last: null,
  patientsBeside: [],
  recipients: told(JONES),
  changerReachable: true,
  day: "2026-03-02",
  newId: `a${++ids}` as ArrivalId,
  escalation: [],
  tooLate: false,
  now: minute(80),
  ...changes,
});

/** The changes that a booking causes. Throws if the booking was not applied. */
export function changesOf(outcome: BookingOutcome): readonly ArrivalChange[] {
  if (!outcome.applied) throw new Error("not applied");
  return outcome.changes;
}

/** The only arrival that a change touches. */
export function only(outcome: BookingOutcome): ArrivalChange {
  const changes = changesOf(outcome);
  const [change] = changes;
  if (change === undefined || changes.length > 1) throw new Error(`${changes.length} arrivals were touched`);
  return change;
}

/** An arrival just after the patient came. */
export const arrived = (changes: Partial<Booking> = {}, recipients = told(JONES)): Arrival =>
  only(changeBooking(null, booking(changes), around({ recipients }))).arrival;

/** `post dr.jones`, `start-clock` */
export const spell = (effects: readonly ArrivalEffect[]): string[] =>
  effects.map((effect) => ("username" in effect ? `${effect.do} ${effect.username}` : effect.do));

/** `dr.jones waiting`, `dr.smith retracted reassigned` */
export const progress = (arrival: Arrival): string[] =>
  arrival.notices.map(({ username, progress: at }) =>
    [username, at.state, ...("reason" in at ? [at.reason] : [])].join(" "),
  );

/** A practice that has configured no receptions. */
export const NO_RECEPTION: ReceptionSettings = { reception: [], escalation: [], kiosks: [] };
