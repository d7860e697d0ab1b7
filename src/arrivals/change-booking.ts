import { randomUUID } from "node:crypto";
import { tidyName } from "../base/tidy-name.ts";
import { knownConversationIds } from "../conversations/record/conversation-ids.ts";
import { arrivalsConversation } from "../conversations/record/keys.ts";
import { holdMerges, holdStandingPatient } from "../patients/merged-patients.ts";
import type { Directory } from "../policy/model.ts";
import { usernameAsKnown } from "../policy/names/spelling.ts";
import { doctorOf } from "../policy/people/doctors.ts";
import type { Transaction } from "../store/database.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { dayOf, zoneOf } from "./notices/clock.ts";
import { lockBooking, readBooking, readSituation, type Situation } from "./record/store.ts";
import type { Arrival, ArrivalId } from "./rules/arrival.ts";
import type { ArrivalChange } from "./rules/arrival-change.ts";
import type { Booking } from "./rules/booking.ts";
import { changeBooking } from "./rules/lifecycle.ts";
import { notifyNowReachable } from "./rules/now-reachable.ts";
import { addresseeOf, peopleToTell, type ReceptionSettings } from "./rules/reception.ts";
import { saveArrivalChanges } from "./save-changes.ts";
import { comesTooLate } from "./stale.ts";

export interface BookingResult {
  /** False: what is known is as new or newer, and nothing changed. */
  readonly applied: boolean;
  /** The arrival that the booking is part of, or was part of last. */
  readonly arrival: Arrival | null;
}

const likelyRooms = (directory: Directory, settings: ReceptionSettings, booking: Booking) =>
  peopleToTell(directory, settings, booking)
    .filter(({ deliver }) => deliver)
    .map(({ username }) => arrivalsConversation(username));

/** Breaks a line, moves a terminal's cursor, or reverses text. */
const UNFIT = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

/** Visible text on one line; null: there is none. */
const visible = (text: string | null): string | null =>
  text === null || !UNFIT.test(text) ? text : tidyName(text) || null;

/**
 * Stores a booking as HealthTrack has it now. The booking, its arrival, the notices and the sends are one transaction,
 * so a notice is neither lost nor doubled, whenever the process ends.
 */
export async function putBooking(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  { patientId, ...rest }: Booking,
): Promise<BookingResult> {
  const { arrivalSettings } = dependencies;
  const sent: Booking = { ...rest, patientId: await holdStandingPatient(tx, patientId) };
  // Queried together: a transaction runs its statements in this order, each once the one before has its locks. The
  // rooms of the recipients known from memory are looked up at the same time; any others are looked up later.
  const [directory, , situation, seen] = await Promise.all([
    dependencies.directory.within(tx),
    lockBooking(tx, sent.bookingId, sent.patientId),
    readSituation(tx, sent.bookingId, sent.patientId),
    knownConversationIds(tx, likelyRooms(dependencies.directory.latest(), arrivalSettings, sent)),
  ]);
  const booking: Booking = {
    ...sent,
    patientName: visible(sent.patientName),
    location: visible(sent.location),
    doctor: sent.doctor && doctorOf(directory, sent.doctor),
    changedBy: sent.changedBy && usernameAsKnown(directory, sent.changedBy),
  };
  const outcome = changeBooking(situation.known, booking, {
    open: situation.open,
    last: situation.last,
    patientsBeside: situation.patientsBeside,
    recipients: peopleToTell(directory, arrivalSettings, booking),
    changerReachable: addresseeOf(directory, arrivalSettings, booking.changedBy, booking.location) !== null,
    day: dayOf(zoneOf(arrivalSettings.zone, booking), booking.appointmentAt),
    newId: randomUUID() as ArrivalId,
    escalation: arrivalSettings.escalation,
    tooLate: comesTooLate(booking, arrivalSettings, dependencies.now()),
    now: new Date(),
  });
  const changes = withNowReachable(
    outcome.applied ? outcome.changes : [],
    situation,
    booking,
    directory,
    arrivalSettings,
  );
  if (!outcome.applied && changes.length === 0) return { applied: false, arrival: situation.last };
  await saveArrivalChanges(tx, dependencies, directory, changes, {
    booking: outcome.applied ? booking : null,
    seen,
  });
  const now = changes
    .map(({ arrival }) => arrival)
    .findLast((arrival) => arrival.slots.some((slot) => slot.bookingId === booking.bookingId));
  return { applied: true, arrival: now ?? situation.last };
}

/**
 * HealthTrack has deleted a booking: it is cancelled, now. Every earlier change counts as older, however late or often
 * it arrives.
 * @returns not applied: it is unknown, or cancelled already.
 */
export async function cancelBooking(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  bookingId: string,
): Promise<BookingResult> {
  await holdMerges(tx);
  await lockBooking(tx, bookingId, null);
  const known = await readBooking(tx, bookingId);
  if (known === null) return { applied: false, arrival: null };
  if (known.status === "cancelled") {
    const { last } = await readSituation(tx, bookingId, known.patientId);
    return { applied: false, arrival: last };
  }
  const changedAt = new Date(Math.max(Date.now(), known.changedAt.getTime() + 1));
  return putBooking(tx, dependencies, { ...known, status: "cancelled", changedBy: null, changedAt });
}

/** The booking is sent again: everyone who could not be told of its arrival before, and can be now, is told. */
function withNowReachable(
  changes: readonly ArrivalChange[],
  situation: Situation,
  { bookingId }: Booking,
  directory: Directory,
  settings: ReceptionSettings,
): readonly ArrivalChange[] {
  const has = (arrival: Arrival) => arrival.slots.some((slot) => slot.bookingId === bookingId);
  const changed = changes.find(({ arrival }) => has(arrival))?.arrival;
  const arrival = changed ?? situation.open.find(has);
  if (arrival === undefined) return changes;
  const { arrival: after, effects } = notifyNowReachable(arrival, directory, settings, new Date());
  if (effects.length === 0) return changes;
  const before = changes.find((change) => change.arrival === changed);
  return [
    ...changes.filter((change) => change !== before),
    { arrival: after, effects: [...(before?.effects ?? []), ...effects] },
  ];
}
