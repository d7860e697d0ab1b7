import type { Logger } from "pino";
import { conversationOfRoom } from "../../conversations/record/store.ts";
import { joinedAmong } from "../../mirror/members.ts";
import { frame, heartbeat, RETRY } from "../../signals/frames.ts";
import { untilEnded, WaitingPieces } from "../../signals/waiting-pieces.ts";
import type { Notifications } from "../../store/notifications.ts";
import { entryOf } from "./entries.ts";
import { allowed, type ObserveDependencies, type Observing } from "./observe.ts";
import { readShown, type Shown } from "./observed-events.ts";
import { keepSession } from "./sessions.ts";

export interface LiveDependencies extends ObserveDependencies {
  readonly notifications: Pick<Notifications, "on" | "onGap">;
  readonly log: Logger;
}

/** The streams in which observers see what happens. */
export interface LiveObservations {
  /**
   * What is said, corrected and deleted from now on in the observed user's conversations.
   * @returns null: as many observe as one process takes.
   */
  open(observing: Observing, signal: AbortSignal): AsyncIterable<string> | null;
  /** Ends all streams; their listeners come back. */
  close(): void;
}

/** Observers of one process, and pieces that wait for one of them. */
const MOST_OBSERVERS = 100;
const MOST_WAITING = 500;
/** Milliseconds between two signs of life. */
const BEAT = 15_000;

interface Observer {
  readonly observing: Observing;
  readonly pieces: WaitingPieces;
}

export function liveObservations(dependencies: LiveDependencies): LiveObservations {
  const { database, directory, notifications, log } = dependencies;
  const observers = new Set<Observer>();
  /** One after the other, so that an edit does not overtake its message. */
  let telling: Promise<void> = Promise.resolve();
  let waiting = 0;

  const endAll = () => {
    for (const { pieces } of observers) pieces.end();
  };

  const tell = (shown: Shown): void => {
    if (observers.size === 0) return;
    if (waiting >= MOST_WAITING) {
      // They come back, and read everything anew.
      endAll();
      return;
    }
    waiting++;
    telling = telling
      .then(() => tellAll(dependencies, [...observers], shown))
      .catch((error: unknown) => {
        log.warn({ err: error }, "observers could not be shown something; they read everything anew");
        endAll();
      })
      .finally(() => waiting--);
  };

  /** Whoever is no administrator any more sees nothing more. */
  const check = async (): Promise<void> => {
    if (observers.size === 0) return;
    const people = await directory.fresh();
    for (const { observing, pieces } of observers)
      if (typeof allowed(people, observing.actor, observing.target) === "string") pieces.drop();
  };
  const checkAll = () =>
    void check().catch((error: unknown) => {
      log.warn({ err: error }, "could not check who may observe; their streams end");
      endAll();
    });

  const stop = [
    notifications.on("whisper_observed", (payload) => tell(readShown(payload))),
    notifications.on("whisper_directory", checkAll),
    notifications.on("whisper_api_key", endAll),
  ];
  // Something may have happened unheard.
  notifications.onGap(endAll);

  return {
    open: (observing, signal) => {
      if (observers.size >= MOST_OBSERVERS) return null;
      const pieces = new WaitingPieces(MOST_WAITING);
      const observer = { observing, pieces };
      observers.add(observer);
      pieces.add(`${RETRY}${frame("hello", { username: observing.target }, null)}`);
      // It may have ceased to be allowed since it was asked.
      checkAll();
      const keep = setInterval(() => {
        keepSession(database, observing.session).catch((error: unknown) =>
          log.warn({ err: error }, "could not note that someone still observes"),
        );
      }, 60_000).unref();
      return untilEnded(pieces.read({ ms: BEAT, piece: () => heartbeat(null) }, signal), signal, () => {
        clearInterval(keep);
        observers.delete(observer);
      });
    },
    close: () => {
      for (const each of stop) each();
      endAll();
    },
  };
}

async function tellAll(
  { database, directory, settings, reader }: LiveDependencies,
  observers: readonly Observer[],
  { room, event }: Shown,
): Promise<void> {
  const users = observers.map(({ observing }) => observing.user);
  const inRoom = new Set((await joinedAmong(database, [room], users)).map(({ user }) => user));
  if (inRoom.size === 0) return;
  const conversation = await conversationOfRoom(database, room);
  if (conversation === null) return;
  const people = { directory: await directory.fresh(), settings };
  for (const user of inRoom) {
    const read = await reader.event(user, room, event);
    const entry = read === null ? null : entryOf(people, read);
    if (entry === null) continue;
    const piece = frame("entry", { conversation_id: conversation.conversation.id, entry }, null);
    for (const { observing, pieces } of observers)
      if (
        observing.user === user &&
        typeof allowed(people.directory, observing.actor, observing.target) !== "string"
      )
        pieces.add(piece);
  }
}
