/** What a recipient does about a notice. Only their own notice is touched, or those of others who were called in. */

import type { Username } from "../../policy/model.ts";
import { type Arrival, type Notice, noticeOf } from "./arrival.ts";
import type { Change, Effect } from "./change.ts";
import { retracted } from "./telling.ts";

/**
 * ✅: the notice goes from the recipient's room, and the record says who and when.
 * @returns null when there is nothing to acknowledge: it was acknowledged before, or taken back.
 */
export function acknowledge(arrival: Arrival, username: Username, at: Date): Change | null {
  const notice = noticeOf(arrival, username);
  if (notice === undefined || !notice.shown) return null;
  const answered: Notice = { ...notice, shown: false, progress: { state: "acknowledged" }, answeredAt: at };
  const change: Change = {
    arrival: withNotice(arrival, answered),
    effects: [{ do: "take-down", username }],
  };
  // With the reply it was settled for the others.
  return notice.progress.state === "replied" ? change : settled(change, answered, at);
}

/**
 * A reply, a thread message or a quick answer was passed on. The notice stays until it is acknowledged or the patient
 * is seen. @returns null when the record does not change: a second reply, or one to a notice that is gone.
 */
export function reply(arrival: Arrival, username: Username, at: Date): Change | null {
  const notice = noticeOf(arrival, username);
  if (notice?.progress.state !== "waiting") return null;
  const answered: Notice = {
    ...notice,
    progress: { state: "replied" },
    repliedAt: notice.repliedAt ?? at,
    answeredAt: at,
  };
  return settled({ arrival: withNotice(arrival, answered), effects: [] }, answered, at);
}

/** The doctor or one of those who were called in has answered: the others need not any more. */
function settled({ arrival, effects }: Change, answered: Notice, at: Date): Change {
  const counts = answered.username === arrival.doctor || answered.toldAs !== "recipient";
  const calledIn = arrival.notices.some(({ toldAs }) => toldAs !== "recipient");
  if (!counts || !calledIn) return { arrival, effects };
  const more: Effect[] = [];
  const notices = arrival.notices.map((notice) => {
    if (notice.username === answered.username || !notice.shown || notice.progress.state !== "waiting")
      return notice;
    if (notice.toldAs === "recipient" || notice.username === arrival.doctor) {
      more.push({ do: "edit", username: notice.username });
      return { ...notice, edits: notice.edits + 1 };
    }
    more.push({ do: "take-down", username: notice.username });
    return retracted(notice, "answered", at);
  });
  return { arrival: { ...arrival, notices }, effects: [...effects, ...more] };
}

/** ↩️: a thread is opened under the notice, once. @returns null when there is one, or no notice. */
export function openThread(arrival: Arrival, username: Username): Arrival | null {
  const notice = noticeOf(arrival, username);
  if (notice === undefined || !notice.shown || notice.threads > 0) return null;
  return withNotice(arrival, { ...notice, threads: 1 });
}

export const withNotice = (arrival: Arrival, changed: Notice): Arrival => ({
  ...arrival,
  notices: arrival.notices.map((notice) => (notice.username === changed.username ? changed : notice)),
});
