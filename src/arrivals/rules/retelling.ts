/**
 * Tells people who could not be told of an arrival before and can be now, while the patient waits (docs/arrivals.md,
 * "Who is told"). Plain data in, plain data out.
 */

import type { Directory, Username } from "../../policy/model.ts";
import {
  type ArrivalRecipient,
  arrivalRecipients,
  whyUnreachable,
} from "../../policy/people/arrival-recipients.ts";
import { doctorOf } from "../../policy/people/doctors.ts";
import { type Arrival, isAnswered, type Notice, stateOf } from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import { noticeToPost } from "./give-notices.ts";
import { isReachable } from "./people.ts";

/**
 * Posts the notice to everyone in the arrival who is `undeliverable` and can be told now. If nobody at all was told, also
 * to everyone whose settings cover the arrival now. Whoever was told that a recipient could not be told hears that they
 * have been.
 * @returns no effects when nothing changes: the arrival has ended, is answered, or nobody more can be told.
 */
export function retell(arrival: Arrival, directory: Directory, now: Date): ArrivalChange {
  if (arrival.ended !== null || isAnswered(arrival)) return { arrival, effects: [] };
  const named = withDoctorKnown(arrival, directory);
  const recipients = recipientsOf(named, directory);
  const effects: ArrivalEffect[] = [];

  const told = named.notices.map((notice): Notice => {
    const { username, progress } = notice;
    if (progress.state !== "undeliverable" || !canBeTold(notice, recipients, directory)) return notice;
    effects.push({ do: "post", username });
    if (progress.reported && isReachable(directory, named.markedBy)) {
      effects.push({ do: "report-told", username, to: named.markedBy });
    }
    return { ...noticeToPost(username, now, notice), shown: true };
  });

  const known = new Set(named.notices.map(({ username }) => username));
  const wanted = stateOf(named) === "undeliverable" ? [...recipients.values()] : [];
  const added = wanted
    .filter(({ username, deliver }) => deliver && !known.has(username))
    .map(({ username }): Notice => {
      effects.push({ do: "post", username });
      return { ...noticeToPost(username, now), shown: true };
    });

  if (effects.length === 0) return { arrival, effects };
  effects.push({ do: "start-clock", from: now });
  return { arrival: { ...named, notices: [...told, ...added] }, effects };
}

/** A booking may have named its doctor by an id that has become someone's only since. */
function withDoctorKnown(arrival: Arrival, directory: Directory): Arrival {
  const doctor = doctorOf(directory, arrival.doctor);
  if (doctor === arrival.doctor) return arrival;
  const already = arrival.notices.some(({ username }) => username === doctor);
  const notices = arrival.notices
    .filter(({ username }) => !(already && username === arrival.doctor))
    .map((notice) => (notice.username === arrival.doctor ? { ...notice, username: doctor } : notice));
  return { ...arrival, doctor, notices };
}

function recipientsOf(arrival: Arrival, directory: Directory): ReadonlyMap<Username, ArrivalRecipient> {
  const places = new Set(arrival.slots.map(({ location }) => location));
  return new Map(
    [...places]
      .flatMap((location) => arrivalRecipients(directory, { doctor: arrival.doctor, location }))
      .map((recipient) => [recipient.username, recipient]),
  );
}

/** Those called in by escalation are told whatever their own setting is. */
const canBeTold = (
  { username, toldAs }: Notice,
  recipients: ReadonlyMap<Username, ArrivalRecipient>,
  directory: Directory,
): boolean =>
  toldAs === "recipient"
    ? recipients.get(username)?.deliver === true
    : whyUnreachable(directory, username) === null;
