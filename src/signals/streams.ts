import type { Logger } from "pino";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { PracticeSettings, Username } from "../policy/model.ts";
import { userIdOf } from "../policy/names/names.ts";
import type { Database } from "../store/database.ts";
import type { Notifications } from "../store/notifications.ts";
import { type EndReason, frame, goodbye, heartbeat, type Position, RETRY } from "./frames.ts";
import { isKept, type Signal, signalsFrom, signalsMissed } from "./record.ts";
import { opensWindow, type Told, toldTo } from "./told.ts";
import { untilEnded, WaitingPieces } from "./waiting-pieces.ts";

export interface SignalDependencies {
  readonly database: Database;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly notifications: Pick<Notifications, "on" | "onGap">;
  readonly log: Logger;
}

/** The streams that HealthTrack's desktops listen to. */
export interface SignalStreams {
  /**
   * What happens to a user from now on, or from this position on.
   * @returns null: there are as many listeners as one process takes.
   */
  open(username: Username, from: Position | null, signal: AbortSignal): AsyncIterable<string> | null;
  /** Ends all streams; their listeners come back. */
  close(): void;
}

/** Listeners of one process, and signals that wait for one of them. */
const MOST_LISTENERS = 2_000;
const MOST_WAITING = 500;
/** The most signals that a listener catches up on. */
const MOST_MISSED = 200;
/** Milliseconds between two signs of life. */
const BEAT = 15_000;

interface Listener {
  readonly username: Username;
  readonly pieces: WaitingPieces;
  /** What came while it catches up; null: it has caught up. */
  held: { readonly told: Told; readonly horizon: string }[] | null;
}

/**
 * One look at the database serves all listeners of this process. Signals
 * come at least once: after a reconnection one may come again, under its own id.
 */
export function signalStreams(dependencies: SignalDependencies): SignalStreams {
  const { database, directory, notifications, settings, log } = dependencies;
  const listeners = new Set<Listener>();
  /** Null: nobody has listened yet, or for a while. */
  let horizon: string | null = null;
  /** Those of transactions from the horizon on that have been handed out. */
  let handed: ReadonlySet<string> = new Set();
  let looking: Promise<void> = Promise.resolve();
  let isQueued = false;

  const look = (): Promise<void> => {
    // One that waits sees whatever this one would.
    if (!isQueued) {
      isQueued = true;
      looking = looking.then(handOut).catch((error: unknown) => {
        log.warn({ err: error }, "could not look for signals; the next one is looked for again");
      });
    }
    return looking;
  };

  async function handOut(): Promise<void> {
    isQueued = false;
    if (listeners.size === 0) {
      horizon = null;
      return;
    }
    const found = await signalsFrom(database, horizon);
    const isFirst = horizon === null;
    const fresh = found.signals.filter(({ id }) => !handed.has(id));
    if (!isFirst && fresh.length > 0) {
      const told = await tell(fresh, [...new Set([...listeners].map(({ username }) => username))]);
      for (const listener of listeners)
        for (const each of told.get(listener.username) ?? []) give(listener, each, found.horizon);
    }
    // Only now: had it failed, the next look would find them again.
    horizon = found.horizon;
    handed = new Set(
      found.signals.filter(({ xid }) => BigInt(xid) >= BigInt(found.horizon)).map(({ id }) => id),
    );
  }

  const tell = async (signals: readonly Signal[], usernames: readonly Username[]) =>
    toldTo(database, { directory: await directory.fresh(), settings }, signals, usernames, new Date());

  function give(listener: Listener, told: Told, by: string): void {
    if (listener.held !== null) {
      listener.held.push({ told, horizon: by });
      if (listener.held.length > MOST_WAITING) listener.pieces.drop();
    } else listener.pieces.add(frame(told.event, told.data, { horizon: by, id: told.id, at: new Date() }));
  }

  /** What the listener missed, and then what came meanwhile. */
  async function catchUp(listener: Listener, from: Position | null): Promise<void> {
    const { username, pieces } = listener;
    // From here on this process looks for signals: whatever is committed later is held.
    await look();
    const people = await directory.fresh();
    const preferences = people.users.get(username)?.preferences;
    const isKeptSince = from !== null && (await isKept(database, from.horizon, from.at));
    const reader = { username, user: userIdOf(settings, username) };
    // With more than that, reading everything anew is quicker.
    const missed = isKeptSince ? await signalsMissed(database, from.horizon, reader, MOST_MISSED) : null;
    const { horizon: now } = missed ?? (await signalsFrom(database, null));
    const signals = missed?.signals ?? [];
    const at = new Date();
    pieces.add(
      frame(
        "hello",
        {
          open_on_startup: preferences?.openOnStartup ?? false,
          open_on_message: opensWindow(people, username),
          // Whatever happened since the listener was here last, it may have missed some of it.
          missed: from !== null && missed === null,
        },
        missed === null ? { horizon: now, id: "0", at } : null,
      ),
    );
    const since = signals.filter(({ id }) => id !== from?.id);
    const told = since.length === 0 ? [] : ((await tell(since, [username])).get(username) ?? []);
    for (const each of told) pieces.add(frame(each.event, each.data, { horizon: now, id: each.id, at }));
    const known = new Set(signals.map(({ id }) => id));
    const held = listener.held ?? [];
    listener.held = null;
    for (const each of held) if (!known.has(each.told.id)) give(listener, each.told, each.horizon);
  }

  /** Everything before this has been given to a listener that has caught up. */
  const here = ({ held }: Listener): Position | null =>
    held === null && horizon !== null ? { horizon, id: "0", at: new Date() } : null;

  const endAll = (reason: EndReason) => {
    for (const { pieces } of listeners) pieces.end(goodbye(reason));
  };
  const stopListening = notifications.on("whisper_signal", () => void look());
  // Whoever still has a key comes back.
  const stopWatchingKeys = notifications.on("whisper_api_key", () => endAll("keys_changed"));
  // Signals may have been committed unheard.
  notifications.onGap(() => void look());

  return {
    open: (username, from, signal) => {
      if (listeners.size >= MOST_LISTENERS) return null;
      // Nobody has listened for a while: what happened meanwhile is for those who catch up on it.
      if (listeners.size === 0) horizon = null;
      const listener: Listener = {
        username,
        pieces: new WaitingPieces(MOST_WAITING, goodbye("too_slow")),
        held: [],
      };
      listeners.add(listener);
      listener.pieces.add(RETRY);
      catchUp(listener, from).catch((error: unknown) => {
        log.warn({ err: error }, "a stream of signals ends, and its listener comes back");
        listener.pieces.end(goodbye("failed"));
      });
      return untilEnded(
        listener.pieces.read({ ms: BEAT, piece: () => heartbeat(here(listener)) }, signal),
        signal,
        () => listeners.delete(listener),
      );
    },
    close: () => {
      stopListening();
      stopWatchingKeys();
      endAll("restart");
    },
  };
}
