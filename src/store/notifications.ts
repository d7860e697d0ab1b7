import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";

/** The channels on which Whisper's processes notify each other, in the transaction that changes something. */
export type Channel =
  | "whisper_directory"
  | "whisper_room"
  /** A conversation's room was checked, by conversation id: everyone who belongs in it may be in it now. */
  | "whisper_looked_at"
  | "whisper_adopted"
  /** Something happened that desktops hear of (signals/). */
  | "whisper_signal"
  /** Something was said, corrected or deleted in a room while someone is observed (audit/observe/). */
  | "whisper_observed"
  | "whisper_api_key";

export interface Notifications {
  /** Calls `listener` with each payload until the returned function is called. */
  on(channel: Channel, listener: (payload: string) => void): () => void;
  /** After the connection was lost and restored: anything may have been missed. */
  onGap(listener: () => void): void;
  close(): Promise<void>;
}

/** How long (milliseconds) the connection may take to answer. */
const PATIENCE = 5_000;

/**
 * Listens on its own connection, and reconnects when it is lost. A connection whose other end vanished silently would
 * be waited on for hours, so it is checked regularly: what is known from notifications is never much older than that.
 * @param beat milliseconds between two checks.
 */
export async function listenToDatabase(
  url: string,
  channels: readonly Channel[],
  onError: (error: unknown) => void,
  beat: number,
): Promise<Notifications> {
  const listeners = new Map<string, Set<(payload: string) => void>>();
  const gaps = new Set<() => void>();
  const closing = new AbortController();
  let session: pg.Client | undefined;

  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: url,
      application_name: "whisper notifications",
      keepAlive: true,
      connectionTimeoutMillis: PATIENCE,
      query_timeout: PATIENCE,
    });
    client.on("notification", ({ channel, payload }) => {
      for (const listener of listeners.get(channel) ?? []) listener(payload ?? "");
    });
    client.on("error", (error) => lost(client, error));
    try {
      await client.connect();
      for (const channel of channels) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      drop(client);
      throw error;
    }
    return client;
  };

  const drop = (client: pg.Client) => void client.end().catch(onError);

  /** One loss is reported more than once: only the first report about the current connection counts. */
  const lost = (client: pg.Client, error: unknown) => {
    if (client !== session) return;
    session = undefined;
    onError(error);
    drop(client);
    again().catch((failure: unknown) => {
      if (!closing.signal.aborted) onError(failure);
    });
  };

  const again = async () => {
    for (;;) {
      await wait(1_000, undefined, { signal: closing.signal });
      try {
        session = await connect();
        break;
      } catch (error) {
        onError(error);
      }
    }
    if (closing.signal.aborted) drop(session);
    for (const listener of gaps) listener();
  };

  session = await connect();
  let unanswered: pg.Client | undefined;
  const timer = setInterval(() => {
    const asked = session;
    // One check at a time: the last one answers for this one too, or ends the connection if it gets no answer.
    if (asked === undefined || asked === unanswered) return;
    unanswered = asked;
    asked
      .query("SELECT 1")
      .catch((error: unknown) => lost(asked, error))
      .finally(() => {
        if (unanswered === asked) unanswered = undefined;
      });
  }, beat).unref();
  return {
    on: (channel, listener) => {
      const all = listeners.get(channel) ?? new Set();
      listeners.set(channel, all.add(listener));
      return () => all.delete(listener);
    },
    onGap: (listener) => void gaps.add(listener),
    close: async () => {
      closing.abort();
      clearInterval(timer);
      await session?.end();
    },
  };
}
