import { sendToAdminRoom } from "../conversations/record/admin-room.ts";
import type { GivenUpHandlers } from "../messages/given-up.ts";
import { isAnswerOnItsWay } from "../messages/outbox.ts";
import type { Directory, Username } from "../policy/model.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { staffName } from "./notices/notice.ts";
import { patientWithId } from "./notices/patient.ts";
import * as refs from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import { answerTo } from "./pass-on-reply.ts";
import { lockArrival } from "./record/store.ts";
import { type Arrival, type ArrivalId, locationOf, noticeToRecipient } from "./rules/arrival.ts";
import { isReachable } from "./rules/configured-people.ts";
import { noticeNotSent, replyNotPassedOn } from "./rules/not-sent.ts";
import { addresseeOf } from "./rules/reception.ts";
import { queuePosts, saveArrivalChanges } from "./save-changes.ts";

/** What it means for an arrival that a message about it could not be sent. */
export const arrivalsNotSent = (
  dependencies: ArrivalDependencies,
): Pick<GivenUpHandlers, "notice" | "pass_on" | "correction"> => ({
  notice: async (tx, { ref, purpose }) => {
    const arrival = await lockArrival(tx, purpose.arrival as ArrivalId);
    if (arrival === null) return "settled";
    const directory = await dependencies.directory.within(tx);
    const { arrivalSettings } = dependencies;
    const reachable = addresseeOf(directory, arrivalSettings, arrival.markedBy, locationOf(arrival)) !== null;
    const change = noticeNotSent(arrival, purpose, reachable, new Date());
    if (change === null) return "settled";
    await saveArrivalChanges(tx, dependencies, directory, [change]);
    if (!reachable && arrival.ended === null) {
      const who = patientWithId(arrival, dependencies.arrivalSettings.show);
      const text = words.notTold(staffName(directory, purpose.username), who, "not-sent");
      await sendToAdminRoom(tx, `not-sent:${ref}`, text);
    }
    return "settled";
  },

  pass_on: async (tx, { purpose: { arrival: id, username, event } }) => {
    const arrival = await lockArrival(tx, id as ArrivalId);
    const directory = await dependencies.directory.within(tx);
    const counted = arrival !== null && !(await isAnswerOnItsWay(tx, id, username, event));
    const change = counted ? replyNotPassedOn(arrival, username, new Date()) : null;
    if (change !== null) await saveArrivalChanges(tx, dependencies, directory, [change]);
    const marker = arrival?.markedBy ?? null;
    const text = words.notPassedOn(words.phone(marker && staffName(directory, marker)));
    const thread = arrival && threadOf(arrival, username, directory);
    await queuePosts(tx, [answerTo(username, refs.notPassedOnRef(event), text, thread, "sentence")]);
    return "settled";
  },

  correction: async (tx, { purpose: { username, event } }) => {
    const said = words.correctionNotSent;
    await queuePosts(tx, [answerTo(username, refs.notPassedOnRef(event), said, null, "sentence")]);
    return "settled";
  },
});

/** The notice under which the recipient is told. Null: it is no longer in their room. */
function threadOf(arrival: Arrival, username: Username, directory: Directory): string | null {
  const notice = noticeToRecipient(arrival, username);
  return notice?.shown && isReachable(directory, username) ? refs.noticeRef(arrival, notice) : null;
}
