import { unreadCounts } from "../conversations/list/unread.ts";
import { joinedAmong } from "../mirror/members.ts";
import type { Directory, PracticeSettings, Username } from "../policy/model.ts";
import { userIdOf, usernameOf } from "../policy/names/names.ts";
import { hasAccess } from "../policy/people/permissions.ts";
import { isSilenced } from "../policy/people/silenced.ts";
import type { Queryable } from "../store/database.ts";
import type { MessageSignal, Signal } from "./record.ts";

/** A signal as one listener gets it. */
export interface Told {
  readonly id: string;
  readonly event: "message" | "arrival" | "patient-open";
  readonly data: Readonly<Record<string, unknown>>;
}

interface Listening {
  readonly directory: Directory;
  readonly settings: PracticeSettings;
}

/** A message that was written longer ago, in milliseconds, is no news any more: no window comes up for it. */
const NEWS = 300_000;
/** Seconds for which someone who clicked on a link still waits for the record. */
const CLICKED = 60;

/**
 * What each of these users is told, in order: three statements, however many signals and users there are. Nobody is told
 * of a message in a conversation they are not in now, nor of their own.
 */
export async function toldTo(
  db: Queryable,
  { directory, settings }: Listening,
  signals: readonly Signal[],
  usernames: readonly Username[],
  now: Date,
): Promise<ReadonlyMap<Username, readonly Told[]>> {
  const present = usernames.filter((username) => hasAccess(directory, username));
  const messages = signals.filter((signal): signal is Signal & MessageSignal => signal.kind === "message");
  const joined = await joinedAmong(
    db,
    messages.map(({ room }) => room),
    present.map((username) => userIdOf(settings, username)),
  );
  const unread = await unreadCounts(db, joined);
  const told = new Map<Username, Told[]>(present.map((username) => [username, []]));
  for (const signal of signals) {
    if (signal.kind === "arrival") {
      const { arrival, state } = signal.content;
      told
        .get(signal.username)
        ?.push({ id: signal.id, event: "arrival", data: { arrival_id: arrival, state } });
      continue;
    }
    if (signal.kind === "patient_open") {
      // Whoever was away when they clicked has opened the patient otherwise.
      if (signal.age <= CLICKED)
        told.get(signal.username)?.push({
          id: signal.id,
          event: "patient-open",
          data: { patient_id: signal.content.patient },
        });
      continue;
    }
    const { conversation, kind, sender, event, sent_at = 0 } = signal.content;
    const isNews = Math.max(now.getTime() - sent_at, signal.age * 1_000) <= NEWS;
    for (const username of present) {
      const user = userIdOf(settings, username);
      const count = unread.get(`${signal.room} ${user}`);
      if (user === sender || count === undefined) continue;
      told.get(username)?.push({
        id: signal.id,
        event: "message",
        data: {
          conversation_id: conversation,
          kind,
          room_id: signal.room,
          event_id: event,
          sender: usernameOf(settings, sender, directory),
          unread: count,
          open: isNews && opensWindow(directory, username),
        },
      });
    }
  }
  return told;
}

/** Whether the window comes up when a message comes (docs/product-text.md, "User Preferences"). */
export function opensWindow(directory: Directory, username: Username): boolean {
  const user = directory.users.get(username);
  return user?.preferences.openOnMessage === true && !isSilenced(user);
}
