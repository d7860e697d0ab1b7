import { pino } from "pino";
import { activityEvents } from "../../../src/conversations/list/activity-events.ts";
import type { EventId, RoomId, Username } from "../../../src/policy/model.ts";
import { readPosition } from "../../../src/signals/frames.ts";
import { messageSignals } from "../../../src/signals/message-signals.ts";
import { signalStreams } from "../../../src/signals/streams.ts";
import { counted } from "../database/counted.ts";
import { type House, id, openHouse } from "./conversations.ts";

interface Heard {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A desktop that listens. */
interface Desktop {
  /** Waits for the next event. */
  next(): Promise<Heard>;
  leave(): Promise<void>;
}

/** A practice with anna, mia and ben, a conversation of the first two, and the streams that desktops listen to. */
export interface Desktops {
  readonly house: House;
  readonly room: RoomId;
  /** What the streams asked the database. */
  readonly statements: readonly string[];
  listen(username: string, from?: string): Desktop;
  /** Says something in the conversation. */
  say(body: string, by?: string): Promise<EventId>;
  /** PostgreSQL tells of new signals. */
  announce(): void;
  keysChange(): void;
  close(): Promise<void>;
}

export async function openDesktops(): Promise<Desktops> {
  const house = await openHouse(({ settings }) => [activityEvents(settings), messageSignals]);
  house.clock = Date.now();
  await house.staff({ users: ["anna", "mia", "ben"] });
  const opened = await house.open("anna", { users: ["mia"] });
  if (!("id" in opened)) throw new Error("the conversation was refused");
  const room = await house.giveRoom(opened.id, ["anna", "mia"].map(id));
  const { database, statements } = counted(house.database);
  const heard = new Map<string, () => void>();
  const streams = signalStreams({
    ...house.dependencies,
    database,
    notifications: {
      on: (channel, listener) => {
        heard.set(channel, () => listener(""));
        return () => undefined;
      },
      onGap: () => undefined,
    },
    log: pino({ level: "silent" }),
  });
  const announce = () => heard.get("whisper_signal")?.();
  const listeners: AbortController[] = [];
  return {
    house,
    room,
    statements,
    announce,
    keysChange: () => heard.get("whisper_api_key")?.(),
    async say(body, by = "anna") {
      const event = await house.say(room, by, body);
      announce();
      return event;
    },
    listen(username, from) {
      const gone = new AbortController();
      listeners.push(gone);
      const position = from === undefined ? null : readPosition(from);
      const pieces = streams.open(username as Username, position, gone.signal);
      if (pieces === null) throw new Error("there is no room for a listener");
      const iterator = pieces[Symbol.asyncIterator]();
      return {
        async next() {
          for (;;) {
            const { value, done } = await iterator.next();
            if (done) throw new Error("the stream has ended");
            const of = (field: string) => new RegExp(`^${field}: (.*)$`, "m").exec(value)?.[1];
            const event = of("event");
            if (event !== undefined) return { id: of("id"), event, data: JSON.parse(of("data") ?? "{}") };
          }
        },
        async leave() {
          gone.abort();
          await iterator.return?.();
        },
      };
    },
    async close() {
      for (const listener of listeners) listener.abort();
      streams.close();
      await house.close();
    },
  };
}
