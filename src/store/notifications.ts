import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";

/** The channels on which the processes of Whisper tell each other, in the transaction that changes something. */
export type Channel = "whisper_directory" | "whisper_room" | "whisper_adopted" | "whisper_api_key";

export interface Notifications {
  /** Calls `listener` with each payload until the returned function is called. */
  on(channel: Channel, listener: (payload: string) => void): () => void;
  /** After the connection was lost and found again: anything may have been missed. */
  onGap(listener: () => void): void;
  close(): Promise<void>;
}

/** Listens on a connection of its own, and connects again when it is lost. */
export async function listenToDatabase(
  url: string,
  channels: readonly Channel[],
  onError: (error: unknown) => void,
): Promise<Notifications> {
  const listeners = new Map<string, Set<(payload: string) => void>>();
  const gaps = new Set<() => void>();
  let closed = false;
  let session: pg.Client;

  const connect = async () => {
    const client = new pg.Client({
      connectionString: url,
      application_name: "whisper notifications",
      keepAlive: true,
    });
    client.on("notification", ({ channel, payload }) => {
      for (const listener of listeners.get(channel) ?? []) listener(payload ?? "");
    });
    client.on("error", (error) => {
      onError(error);
      void again();
    });
    await client.connect();
    for (const channel of channels) await client.query(`LISTEN ${channel}`);
    session = client;
  };

  const again = async () => {
    while (!closed) {
      await wait(1_000);
      try {
        await connect();
        for (const listener of gaps) listener();
        return;
      } catch (error) {
        onError(error);
      }
    }
  };

  await connect();
  return {
    on: (channel, listener) => {
      const all = listeners.get(channel) ?? new Set();
      listeners.set(channel, all.add(listener));
      return () => all.delete(listener);
    },
    onGap: (listener) => void gaps.add(listener),
    close: async () => {
      closed = true;
      await session.end();
    },
  };
}
