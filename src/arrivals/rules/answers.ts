/** What a recipient does about a notice. It affects only their own notice and those of others who were called in. */

import type { Username } from "../../policy/model.ts";
import { type Arrival, type Notice, noticeToRecipient } from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import { retractNotice } from "./give-notices.ts";

/**
 * ✅: the notice leaves the recipient's room, and the record says who acknowledged it and when.
 * @returns null if there is nothing to acknowledge: already acknowledged, or retracted.
 */
export function acknowledgeNotice(arrival: Arrival, username: Username, at: Date): ArrivalChange | null {
  const notice = noticeToRecipient(arrival, username);
  if (notice === undefined || !notice.shown) return null;
  const answered: Notice = { ...notice, shown: false, progress: { state: "acknowledged" }, answeredAt: at };
  const change: ArrivalChange = {
    arrival: withNotice(arrival, answered),
    effects: [{ do: "take-down", username }],
  };
  // The reply had already settled it for the others.
  return notice.progress.state === "replied" ? change : settled(change, answered, at);
}

/**
 * A reply, a thread message or a quick answer was passed on. The notice stays until it is acknowledged or the patient
 * is seen. @returns null if the record does not change: a second reply, or one to a notice that is gone.
 */
export function replyToNotice(arrival: Arrival, username: Username, at: Date): ArrivalChange | null {
  const notice = noticeToRecipient(arrival, username);
  if (notice?.progress.state !== "waiting") return null;
  const answered: Notice = {
    ...notice,
    progress: { state: "replied" },
    repliedAt: notice.repliedAt ?? at,
    answeredAt: at,
  };
  return settled({ arrival: withNotice(arrival, answered), effects: [] }, answered, at);
}

/** The doctor or someone who was called in has answered: the others no longer need to. */
function settled({ arrival, effects }: ArrivalChange, answered: Notice, at: Date): ArrivalChange {
  const counts = answered.username === arrival.doctor || answered.toldAs !== "recipient";
  const calledIn = arrival.notices.some(({ toldAs }) => toldAs !== "recipient");
  if (!counts || !calledIn) return { arrival, effects };
  const more: ArrivalEffect[] = [];
  const notices = arrival.notices.map((notice) => {
    if (notice.username === answered.username || !notice.shown || notice.progress.state !== "waiting")
      return notice;
    if (notice.toldAs === "recipient" || notice.username === arrival.doctor) {
      more.push({ do: "edit", username: notice.username });
      return { ...notice, edits: notice.edits + 1 };
    }
    more.push({ do: "take-down", username: notice.username });
    return retractNotice(notice, "answered", at);
  });
  return { arrival: { ...arrival, notices }, effects: [...effects, ...more] };
}

/** ↩️: opens a thread under the notice, once. @returns null if there is already one, or no notice. */
export function openThread(arrival: Arrival, username: Username): Arrival | null {
  const notice = noticeToRecipient(arrival, username);
  if (notice === undefined || !notice.shown || notice.threads > 0) return null;
  return withNotice(arrival, { ...notice, threads: 1 });
}

export const withNotice = (arrival: Arrival, changed: Notice): Arrival => ({
  ...arrival,
  notices: arrival.notices.map((notice) => (notice.username === changed.username ? changed : notice)),
});
