import { randomUUID } from "node:crypto";
import { tidyName } from "../base/tidy-name.ts";
import { arrivalsConversation } from "../conversations/record/keys.ts";
import type { Directory } from "../policy/model.ts";
import { usernameAsKnown } from "../policy/names/spelling.ts";
import { arrivalRecipients } from "../policy/people/arrival-recipients.ts";
import { doctorOf } from "../policy/people/doctors.ts";
import type { Transaction } from "../store/database.ts";
import { commit } from "./carry-out.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { dayOf, zoneOf } from "./notices/clock.ts";
import { idsOf } from "./record/conversations.ts";
import { lockBooking, readSituation } from "./record/store.ts";
import type { Arrival, ArrivalId } from "./rules/arrival.ts";
import type { Booking } from "./rules/booking.ts";
import { changeBooking } from "./rules/lifecycle.ts";
import { isReachable } from "./rules/people.ts";

export interface BookingResult {
  /** False: what is known already is as new or newer, and nothing changed. */
  readonly applied: boolean;
  /** The arrival that the booking is part of, or was last. */
  readonly arrival: Arrival | null;
}

const likelyRooms = (directory: Directory, booking: Booking) =>
  arrivalRecipients(directory, booking)
    .filter(({ deliver }) => deliver)
    .map(({ username }) => arrivalsConversation(username));

/** Breaks a line, moves a terminal, or turns text round. */
const UNFIT = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

/** Text of one line that can be seen; null: there is none. */
const visible = (text: string | null): string | null =>
  text === null || !UNFIT.test(text) ? text : tidyName(text) || null;

/**
 * Takes in a booking as HealthTrack has it now. The booking, its arrival, the notices and what is to be sent are one
 * transaction, so a notice is neither lost nor doubled whenever the process ends.
 */
export async function putBooking(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  sent: Booking,
): Promise<BookingResult> {
  // Asked together: a transaction's statements are carried out in this order, each when the one before has its locks.
  // Where whom memory would tell is told is looked up beside them; whoever else turns out to be told is looked up later.
  const [directory, , situation, seen] = await Promise.all([
    dependencies.directory.within(tx),
    lockBooking(tx, sent.bookingId, sent.patientId),
    readSituation(tx, sent.bookingId, sent.patientId),
    idsOf(tx, likelyRooms(dependencies.directory.latest(), sent)),
  ]);
  const booking: Booking = {
    ...sent,
    patientName: visible(sent.patientName),
    location: visible(sent.location),
    doctor: doctorOf(directory, sent.doctor),
    changedBy: usernameAsKnown(directory, sent.changedBy),
  };
  const outcome = changeBooking(situation.known, booking, {
    open: situation.open,
    recipients: arrivalRecipients(directory, booking),
    changerReachable: isReachable(directory, booking.changedBy),
    day: dayOf(zoneOf(dependencies.arrivalSettings.zone, booking), booking.appointmentAt),
    newId: randomUUID() as ArrivalId,
    escalation: dependencies.arrivalSettings.escalation,
    now: new Date(),
  });
  if (!outcome.applied) return { applied: false, arrival: situation.last };
  await commit(tx, dependencies, directory, outcome.changes, { booking, seen });
  const now = outcome.changes
    .map(({ arrival }) => arrival)
    .findLast((arrival) => arrival.slots.some((slot) => slot.bookingId === booking.bookingId));
  return { applied: true, arrival: now ?? situation.last };
}
