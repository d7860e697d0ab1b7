import { arrivalsConversation } from "../conversations/record/keys.ts";
import { escapeHtml, HTML_FORMAT } from "../messages/html/html.ts";
import { dropUnsent, lostSends } from "../messages/outbox.ts";
import { fitsInEvent } from "../messages/size.ts";
import { newPatientLink, savePatientLinks } from "../patients/patient-links.ts";
import type { Directory, EventId, Username } from "../policy/model.ts";
import { onlyRow, type Transaction } from "../store/database.ts";
import type { ArrivalDependencies } from "./dependencies.ts";
import { dateOf, dayOf, minutesBetween, timeOf, zoneOf } from "./notices/clock.ts";
import { type Line, lineOf, type NoticeView, staffName } from "./notices/notice.ts";
import { historyRef } from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import { arrivalsDoneWith } from "./record/list.ts";
import { type Arrival, type Notice, noticeToRecipient } from "./rules/arrival.ts";
import { noticeView, type Post, queuePosts, redactionPost } from "./save-changes.ts";

/** As many as one message shows well. The audit record and the API have the older ones. */
const SHOWN = 30;

/**
 * Shows the user the arrivals they have dealt with, or hides them again. Reads the record, so it includes notices that
 * are no longer in the room.
 * @param by the reaction that asked for it, if any: removing it hides the history.
 */
export async function toggleHistory(
  tx: Transaction,
  dependencies: ArrivalDependencies,
  user: Username,
  by: EventId | null,
): Promise<void> {
  const { opened, shown } = await lockHistory(tx, user);
  if (shown) return hide(tx, user, opened);
  const directory = await dependencies.directory.within(tx);
  const post = await historyPost(tx, dependencies, directory, user, opened + 1);
  await tx.query(
    "UPDATE arrival_histories SET opened = opened + 1, shown = true, opened_by = $2 WHERE username = $1",
    [user, by],
  );
  await queuePosts(tx, [post]);
}

/** The user removed the reaction that had opened the history. */
export async function hideHistoryOf(tx: Transaction, user: Username, reaction: EventId): Promise<void> {
  const { opened, shown, opened_by } = await lockHistory(tx, user);
  if (shown && opened_by === reaction) await hide(tx, user, opened);
}

interface HistoryRow {
  readonly opened: number;
  readonly shown: boolean;
  readonly opened_by: EventId | null;
}

async function lockHistory(tx: Transaction, user: Username): Promise<HistoryRow> {
  const history = onlyRow(
    await tx.query<HistoryRow & Record<string, unknown>>(
      `INSERT INTO arrival_histories (username) VALUES ($1)
       ON CONFLICT (username) DO UPDATE SET username = excluded.username RETURNING opened, shown, opened_by`,
      [user],
    ),
  );
  // Nobody can see what was shown in a room that has since been replaced.
  const gone = history.shown && (await lostSends(tx, [historyRef(user, history.opened)])).size > 0;
  return gone ? { ...history, shown: false } : history;
}

async function hide(tx: Transaction, user: Username, opened: number): Promise<void> {
  await tx.query("UPDATE arrival_histories SET shown = false, opened_by = NULL WHERE username = $1", [user]);
  const ref = historyRef(user, opened);
  const dropped = await dropUnsent(tx, [ref]);
  if (!dropped.has(ref)) await queuePosts(tx, [redactionPost(arrivalsConversation(user), ref)]);
}

async function historyPost(
  tx: Transaction,
  dependencies: Omit<ArrivalDependencies, "directory">,
  directory: Directory,
  user: Username,
  opening: number,
): Promise<Post> {
  const arrivals = await arrivalsDoneWith(tx, user, SHOWN);
  const links = new Map(arrivals.map(({ id, patientId }) => [id, newPatientLink(patientId, { about: id })]));
  await savePatientLinks(tx, [...links.values()]);
  const lines = arrivals.flatMap((arrival) => {
    const notice = noticeToRecipient(arrival, user);
    const link = links.get(arrival.id);
    if (notice === undefined || link === undefined) return [];
    return [historyLine(arrival, notice, noticeView(dependencies, directory, link))];
  });
  // If it is too much for one message, the oldest are left out.
  while (lines.length > 1 && !fitsInEvent(historyContent(lines))) lines.pop();
  return {
    in: arrivalsConversation(user),
    ref: historyRef(user, opening),
    purpose: { is: "answer" },
    type: "m.room.message",
    content: historyContent(lines),
  };
}

function historyContent(lines: readonly Line[]): Readonly<Record<string, unknown>> {
  const heading = lines.length === 0 ? words.historyEmpty : words.historyHeading;
  return {
    // A notice makes no sound: the user asked for it and is looking.
    msgtype: "m.notice",
    body: [heading, ...lines.map(({ text }) => `- ${text}`)].join("\n"),
    format: HTML_FORMAT,
    formatted_body: `${escapeHtml(heading)}<ul>${lines.map(({ html }) => `<li>${html}</li>`).join("")}</ul>`,
  };
}

/** `Mon 2 Mar · A.J. has arrived · … · acknowledged by Dr Jones at 10:42 · waited 12 minutes` */
function historyLine(arrival: Arrival, notice: Notice, view: NoticeView): Line {
  const { directory, now } = view;
  const zone = zoneOf(view.zone, arrival.slots[0] ?? { location: null });
  const at = notice.answeredAt ?? notice.toldAt;
  // The line begins with its day.
  const time = timeOf(zone, at, dayOf(zone, arrival.arrivedAt));
  const line = lineOf(arrival, { ...view, now: arrival.arrivedAt }, [
    outcomeOf(arrival, notice, time, directory),
    words.waited(minutesBetween(notice.toldAt, at)),
  ]);
  const day = dateOf(zone, arrival.arrivedAt, dayOf(zone, now));
  return {
    text: `${day}${words.separator}${line.text}`,
    html: `${escapeHtml(day)}${words.separator}${line.html}`,
  };
}

function outcomeOf(arrival: Arrival, notice: Notice, time: string, directory: Directory): string {
  if (notice.progress.state === "acknowledged") {
    return words.acknowledgedBy(staffName(directory, notice.username), time);
  }
  if (notice.progress.state === "replied")
    return words.repliedBy(staffName(directory, notice.username), time);
  const other = arrival.notices.find(
    ({ username, progress }) =>
      username !== notice.username && (progress.state === "acknowledged" || progress.state === "replied"),
  );
  return other === undefined
    ? words.notAnswered
    : words.acknowledgedBy(staffName(directory, other.username), time);
}
