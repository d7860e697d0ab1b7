/** What an arrival becomes when a message about it could not be sent. Plain data in, plain data out. */

import type { Username } from "../../policy/model.ts";
import { withNotice } from "./answers.ts";
import { type Arrival, isAnswered, type Notice, noticeToRecipient } from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import { editShownNotices, noticeToPost } from "./give-notices.ts";

/**
 * A notice never reached its recipient's room: they do not know, so someone has to tell them.
 * @param reachable can whoever marked the arrival be told something in Whisper?
 * @returns null: it is not the notice that should be there now.
 */
export function noticeNotSent(
  arrival: Arrival,
  { username, posting }: { readonly username: Username; readonly posting: number },
  reachable: boolean,
  at: Date,
): ArrivalChange | null {
  const notice = noticeToRecipient(arrival, username);
  if (notice === undefined || !notice.shown || notice.posting !== posting) return null;
  if (notice.progress.state !== "waiting") {
    return { arrival: withNotice(arrival, { ...notice, shown: false }), effects: [] };
  }
  const reason = "not-sent";
  const lost: Notice = {
    ...notice,
    shown: false,
    progress: { state: "undeliverable", reason, reported: reachable },
    answeredAt: at,
  };
  const report: ArrivalEffect[] = reachable ? [{ do: "report", username, reason, to: arrival.markedBy }] : [];
  const change = stepToldNobody(withNotice(arrival, lost), notice.toldAs, at);
  return { ...change, effects: [...report, ...change.effects] };
}

/** If the notice was the only one of its escalation step, that step told nobody: the next one follows immediately. */
function stepToldNobody(arrival: Arrival, toldAs: Notice["toldAs"], at: Date): ArrivalChange {
  const reached = arrival.notices.some(
    (notice) => notice.toldAs === toldAs && notice.progress.state !== "undeliverable",
  );
  const untrue = arrival.escalations.some(({ kind, told }) => kind === toldAs && told);
  if (reached || !untrue || arrival.ended !== null) return { arrival, effects: [] };
  const escalations = arrival.escalations.map((step) =>
    step.kind === toldAs ? { ...step, told: false } : step,
  );
  const seen = editShownNotices({ ...arrival, escalations });
  return { ...seen, effects: [...seen.effects, { do: "start-clock", from: at, atOnce: true }] };
}

/**
 * A recipient's only answer never reached whoever marked the arrival: the recipient has still to answer, the time for
 * an answer starts again, and those who were called in and lost the notice to the answer get it back.
 * @returns null: the record does not count this answer.
 */
export function replyNotPassedOn(arrival: Arrival, username: Username, at: Date): ArrivalChange | null {
  const notice = noticeToRecipient(arrival, username);
  if (arrival.ended !== null || notice?.progress.state !== "replied") return null;
  const waiting = withNotice(arrival, {
    ...notice,
    progress: { state: "waiting" },
    repliedAt: null,
    answeredAt: null,
  });
  if (isAnswered(waiting)) return { arrival: waiting, effects: [] };
  const seen = editShownNotices(waiting);
  const again: ArrivalEffect[] = [];
  const notices = seen.arrival.notices.map((each): Notice => {
    const { toldAs, progress } = each;
    const settled = progress.state === "retracted" && progress.reason === "answered";
    if (toldAs === "recipient" || !settled) return each;
    again.push({ do: "post", username: each.username });
    return { ...noticeToPost(each.username, at, each), shown: true };
  });
  return {
    arrival: { ...seen.arrival, notices },
    effects: [...seen.effects, ...again, { do: "start-clock", from: at }],
  };
}
