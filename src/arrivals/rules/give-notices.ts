/** Posting, editing and retracting notices. */

import type { Username } from "../../policy/model.ts";
import type { Undeliverable } from "../../policy/people/arrival-recipients.ts";
import type { Arrival, Notice, Progress, RetractReason } from "./arrival.ts";
import type { ArrivalChange, ArrivalEffect } from "./arrival-change.ts";
import type { Booking } from "./booking.ts";
import type { PersonToTell } from "./reception.ts";

/** Whom to tell. */
export interface NoticeAudience {
  /** Who is told of the booking as it is now. */
  readonly recipients: readonly PersonToTell[];
  /** Can whoever made the change be told something in Whisper, or someone in their place? */
  readonly changerReachable: boolean;
  readonly now: Date;
}

/** Removed from the room: retracted if nobody had answered, otherwise the progress stays. */
export function retractNotice(notice: Notice, reason: RetractReason, at: Date): Notice {
  if (notice.progress.state !== "waiting") return { ...notice, shown: false };
  return { ...notice, shown: false, progress: { state: "retracted", reason }, answeredAt: at };
}

/** Everyone who still sees the notice sees it as it is now. */
export function editShownNotices(arrival: Arrival): ArrivalChange {
  const effects: ArrivalEffect[] = [];
  const notices = arrival.notices.map((notice) => {
    if (!notice.shown) return notice;
    effects.push({ do: "edit", username: notice.username });
    return { ...notice, edits: notice.edits + 1 };
  });
  return { arrival: { ...arrival, notices }, effects };
}

interface NoticeOptions {
  /**
   * Who loses the notice if they should no longer be told. `recipients` leaves out people called in by escalation: they
   * keep it.
   */
  readonly drop: "nobody" | "recipients" | "everybody";
  /** Those who already have it see it changed. */
  readonly edit: boolean;
  /** Report people who cannot be told even if that was reported before: it is news to whoever makes this change. */
  readonly reportAgain: boolean;
}

/** Gives a notice to everyone who should be told now. */
export function giveNotices(
  arrival: Arrival,
  booking: Booking,
  audience: NoticeAudience,
  options: NoticeOptions,
): ArrivalChange {
  const { recipients, now } = audience;
  const wanted = new Map(recipients.map((recipient) => [recipient.username, recipient]));
  const effects: ArrivalEffect[] = [];
  const kept = arrival.notices.map((notice): Notice => {
    const recipient = wanted.get(notice.username);
    if (recipient === undefined) {
      if (!drops(notice)) return keep(notice);
      if (notice.shown) effects.push({ do: "take-down", username: notice.username });
      return retractNotice(notice, "reassigned", now);
    }
    if (notice.shown || notice.progress.state === "acknowledged") return keep(notice);
    return fresh(recipient, notice);
  });
  const known = new Set(arrival.notices.map((notice) => notice.username));
  const added = recipients
    .filter(({ username }) => !known.has(username))
    .map((recipient) => fresh(recipient));
  return { arrival: { ...arrival, notices: [...kept, ...added] }, effects };

  function drops({ toldAs }: Notice): boolean {
    return options.drop === "everybody" || (options.drop === "recipients" && toldAs === "recipient");
  }

  function keep(notice: Notice): Notice {
    if (!options.edit || !notice.shown) return notice;
    effects.push({ do: "edit", username: notice.username });
    return { ...notice, edits: notice.edits + 1 };
  }

  function fresh(recipient: PersonToTell, before?: Notice): Notice {
    const { username } = recipient;
    if (!recipient.deliver) {
      const { reason } = recipient;
      const reported = audience.changerReachable;
      if (before !== undefined && isKnown(before.progress, reason, reported)) return before;
      if (reported) effects.push({ do: "report", username, reason, to: booking.changedBy });
      return {
        ...noticeToPost(username, now, before),
        progress: { state: "undeliverable", reason, reported },
      };
    }
    effects.push({ do: "post", username });
    const notice = noticeToPost(username, now, before);
    return { ...notice, toldAs: recipient.toldAs ?? notice.toldAs, shown: true };
  }

  /** It was reported, or still cannot be: nobody needs to hear it again. */
  function isKnown(before: Progress, reason: Undeliverable, reportable: boolean): boolean {
    if (options.reportAgain || before.state !== "undeliverable" || before.reason !== reason) return false;
    return before.reported || !reportable;
  }
}

/** A notice to post, for the first time or again. */
export function noticeToPost(username: Username, now: Date, before?: Notice): Notice {
  return {
    username,
    toldAs: before?.toldAs ?? "recipient",
    progress: { state: "waiting" },
    shown: false,
    posting: (before?.posting ?? 0) + 1,
    edits: 0,
    nudges: 0,
    threads: 0,
    toldAt: now,
    repliedAt: before?.repliedAt ?? null,
    answeredAt: null,
  };
}
