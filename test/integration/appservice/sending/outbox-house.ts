import { drainOutbox } from "../../../../src/appservice/sending/outbox-sender.ts";
import { enqueueSends, type Send } from "../../../../src/messages/outbox.ts";
import type { ConversationId, UserId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { FlawedHomeserver } from "../../../support/homeserver/flawed-homeserver.ts";

export const ROOM = "!room:practice.test";
export const CONVERSATION = "c1" as ConversationId;
export const BOT = "@whisper:practice.test" as UserId;

/** One conversation's outbox, in front of a homeserver whose faults a test chooses. */
export interface OutboxHouse {
  readonly database: Database;
  readonly homeserver: FlawedHomeserver;
  /** The error codes of the sends that were given up. */
  readonly dropped: string[];
  /** The senders for whom the room was repaired. */
  readonly repairs: UserId[];
  /** What a repair does: nothing, unless a test sets it. */
  repair: () => Promise<void>;
  queue(...sends: Send[]): Promise<void>;
  drain(): ReturnType<typeof drainOutbox>;
  /** Drains as the jobs do: again after each failure. */
  drainUntilDone(most?: number): Promise<void>;
  /** Is a job for the outbox waiting? */
  queued(): Promise<boolean>;
  /** What was said in the room, in order. */
  bodies(): unknown[];
}

/** A text message for the conversation. */
export const text = (ref: string, more: Partial<Send> = {}): Send => ({
  ref,
  conversation: CONVERSATION,
  purpose: { is: "edit" },
  type: "m.room.message",
  content: { msgtype: "m.text", body: ref },
  ...more,
});

/** Opens an outbox on its own database. Close the database when done. */
export async function openOutbox(): Promise<OutboxHouse> {
  const database = await testDatabase();
  await database.query(
    "INSERT INTO conversations (id, kind, natural_key, room_id) VALUES ($1, 'alerts', 'alerts', $2)",
    [CONVERSATION, ROOM],
  );
  const homeserver = new FlawedHomeserver();
  const house: OutboxHouse = {
    database,
    homeserver,
    dropped: [],
    repairs: [],
    repair: async () => undefined,
    queue: (...sends) => database.transaction((tx) => enqueueSends(tx, sends)),
    drain: () =>
      drainOutbox(
        {
          database,
          homeserver,
          bot: BOT,
          repair: async (_conversation, sender) => {
            house.repairs.push(sender);
            await house.repair();
          },
          whenReadersAreIn: async () => null,
          onDropped: ({ errcode }) => house.dropped.push(errcode),
        },
        CONVERSATION,
      ),
    async drainUntilDone(most = 30) {
      for (let tries = 0; tries < most; tries++) {
        const failed = await house.drain().then(
          () => false,
          () => true,
        );
        const { rows } = await database.query(
          "SELECT FROM outbox WHERE sent_at IS NULL AND dropped_at IS NULL",
        );
        if (!failed && rows.length === 0) return;
      }
      throw new Error(`still failing after ${most} tries`);
    },
    async queued() {
      const key = `outbox:${CONVERSATION}`;
      const { rows } = await database.query("SELECT FROM graphile_worker._private_jobs WHERE key = $1", [
        key,
      ]);
      return rows.length > 0;
    },
    bodies: () => homeserver.events.map(({ content }) => content.body),
  };
  return house;
}
