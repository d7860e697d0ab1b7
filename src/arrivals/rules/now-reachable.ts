/**
 * Tells people who could not be told of an arrival before and can be now, while the patient waits (docs/arrivals.md,
 * "Who is told"). Plain data in, plain data out.
 */

import type { Directory, Username } from "../../policy/model.ts";
import { whyUnreachable } from "../../policy/people/arrival-recipients.ts";
import { doctorOf } from "../../policy/people/doctors.ts";
import { type Arrival, isAnswered, type Notice, stateOf } from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import { noticeToPost } from "./give-notices.ts";
import { type PersonToTell, peopleToTell, type ReceptionSettings } from "./reception.ts";

/**
 * Posts the notice to everyone in the arrival who is `undeliverable` and can be told now. If nobody at all was told,
 * also to everyone whose settings cover the arrival now. Whoever was told that a recipient could not be told hears that
 * they have been.
 * @param refusedBefore a notice that Synapse has refused since is not tried again yet.
 * @returns no effects when nothing changes: the arrival has ended, was answered by the doctor or in their place, or
 * nobody more can be told.
 */
export function notifyNowReachable(
  arrival: Arrival,
  directory: Directory,
  settings: ReceptionSettings,
  now: Date,
  refusedBefore: Date = now,
): ArrivalChange {
  if (arrival.ended !== null || isSettled(arrival)) return { arrival, effects: [] };
  const named = withDoctorKnown(arrival, directory);
  const recipients = recipientsOf(named, directory, settings);
  const effects: ArrivalEffect[] = [];

  let solved = false;
  const told = named.notices.map((notice): Notice => {
    const { username, progress } = notice;
    if (progress.state !== "undeliverable" || !canBeTold(notice, recipients, directory)) return notice;
    const refused = progress.reason === "not-sent";
    if (refused && notice.answeredAt !== null && notice.answeredAt > refusedBefore) return notice;
    effects.push({ do: "post", username });
    // It may be refused again, so it does not count as told, and the next step keeps its time.
    if (!refused) solved = true;
    if (!refused && progress.reported) effects.push({ do: "report-told", username, to: named.markedBy });
    return { ...noticeToPost(username, now, notice), shown: true };
  });

  const known = new Set(named.notices.map(({ username }) => username));
  const wanted = stateOf(named) === "undeliverable" ? [...recipients.values()] : [];
  const added = wanted
    .filter(({ username, deliver }) => deliver && !known.has(username))
    .map(({ username, toldAs }): Notice => {
      effects.push({ do: "post", username });
      return { ...noticeToPost(username, now), ...(toldAs && { toldAs }), shown: true };
    });

  if (effects.length === 0) return { arrival, effects };
  if (named.notices.length === 0) effects.push({ do: "report-attended", at: now });
  if (solved || added.length > 0) effects.push({ do: "start-clock", from: now });
  return { arrival: { ...named, notices: [...told, ...added] }, effects };
}

/**
 * Has someone answered in the doctor's place? If only a watcher has, a doctor who could not be told still hears of
 * their patient.
 */
function isSettled(arrival: Arrival): boolean {
  const { doctor, notices } = arrival;
  if (doctor === null) return isAnswered(arrival);
  return notices.some(
    ({ username, toldAs, progress: { state } }) =>
      (username === doctor || toldAs !== "recipient") && (state === "acknowledged" || state === "replied"),
  );
}

/** A booking may have named its doctor by an id that only became someone's later. */
function withDoctorKnown(arrival: Arrival, directory: Directory): Arrival {
  if (arrival.doctor === null) return arrival;
  const doctor = doctorOf(directory, arrival.doctor);
  if (doctor === arrival.doctor) return arrival;
  const already = arrival.notices.some(({ username }) => username === doctor);
  const notices = arrival.notices
    .filter(({ username }) => !(already && username === arrival.doctor))
    .map((notice) => (notice.username === arrival.doctor ? { ...notice, username: doctor } : notice));
  return { ...arrival, doctor, notices };
}

function recipientsOf(
  arrival: Arrival,
  directory: Directory,
  settings: ReceptionSettings,
): ReadonlyMap<Username, PersonToTell> {
  const places = new Set(arrival.slots.map(({ location }) => location));
  return new Map(
    [...places]
      .flatMap((location) => peopleToTell(directory, settings, { doctor: arrival.doctor, location }))
      .map((recipient) => [recipient.username, recipient]),
  );
}

/** Those called in by escalation are told whatever their own setting is. */
const canBeTold = (
  { username, toldAs }: Notice,
  recipients: ReadonlyMap<Username, PersonToTell>,
  directory: Directory,
): boolean =>
  toldAs === "recipient"
    ? recipients.get(username)?.deliver === true
    : whyUnreachable(directory, username) === null;
