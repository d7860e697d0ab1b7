/** A practice in a real database, with bookings coming in and clients acting, but without a homeserver. */

import { randomUUID } from "node:crypto";
import { type BookingResult, putBooking } from "../../../src/arrivals/change-booking.ts";
import type { ArrivalSettings } from "../../../src/arrivals/dependencies.ts";
import { type ArrivalEventDependencies, arrivalEvents } from "../../../src/arrivals/events.ts";
import type { Arrival } from "../../../src/arrivals/rules/arrival.ts";
import type { Booking } from "../../../src/arrivals/rules/booking.ts";
import { recordChanges } from "../../../src/directory/change-log.ts";
import { directorySnapshot } from "../../../src/directory/snapshot.ts";
import type { MatrixEvent } from "../../../src/messages/event.ts";
import type { EventId, PracticeSettings, RoomId, UserId, Username } from "../../../src/policy/model.ts";
import { userIdOf } from "../../../src/policy/names/names.ts";
import type { Database, Transaction } from "../../../src/store/database.ts";
import { testDatabase } from "../database/postgres.ts";
import { RECORD } from "./record-keys.ts";

export const NINE = Date.parse("2026-03-02T09:00:00+11:00");
export const minutes = (count: number): Date => new Date(NINE + count * 60_000);
export const name = (username: string): Username => username as Username;

const POLICY: PracticeSettings = {
  serverName: "practice.test",
  userPrefix: "ht_",
  bot: "@whisper:practice.test" as UserId,
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
};

const SETTINGS: ArrivalSettings = {
  show: "initials",
  zone: { timezone: "Australia/Sydney" },
  publicUrl: "https://whisper.practice.test",
  quickReplies: [
    { key: "⏳", text: "Five minutes, please." },
    { key: "🚪", text: "Please send them in." },
  ],
  escalation: [],
  reception: [],
  kiosks: [],
  staleAfter: 12 * 3_600_000,
};

/** A row of the outbox: what was sent, or would be. */
export interface Sent {
  readonly ref: string;
  readonly conversation: string;
  readonly as_user: string | null;
  readonly type: string;
  readonly content: Record<string, unknown> & { body?: string };
  readonly target_ref: string | null;
  readonly event_id: EventId | null;
  readonly dropped: boolean;
}

export interface Practice {
  readonly database: Database;
  readonly dependencies: ArrivalEventDependencies;
  user(username: string, settings?: UserSettings): Promise<void>;
  /** A new security group. */
  group(id: string, name: string, members: readonly string[]): Promise<void>;
  put(booking: Partial<Booking>): Promise<BookingResult>;
  putIn(tx: Transaction, booking: Partial<Booking>): Promise<BookingResult>;
  /** What was queued, in order, for one conversation or for all. */
  sent(conversation?: string): Promise<Sent[]>;
  /** The same for one conversation, without reactions and without what was dropped. */
  messages(conversation: string): Promise<Sent[]>;
  /** Sends what is queued, as the homeserver would: every send gets an event. @returns those now sent. */
  deliver(): Promise<Sent[]>;
  /** The event that a send became. Throws if it was not sent. */
  eventOf(ref: string | undefined): Promise<EventId>;
  /** Marks sends as attempted, as the sender does before it calls the homeserver. */
  attempt(): Promise<void>;
  event(
    username: string,
    event: { type: string; content: Record<string, unknown>; room?: string; stateKey?: string; id?: EventId },
  ): Promise<MatrixEvent>;
  react(username: string, to: EventId | null | undefined, key: string, room?: string): Promise<MatrixEvent>;
  /** The owner joins their arrivals room. */
  joins(username: string): Promise<MatrixEvent>;
  arrivals(): Promise<Record<string, unknown>[]>;
  notices(): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export interface UserSettings {
  readonly doctor?: boolean;
  readonly active?: boolean;
  readonly access?: boolean;
  readonly locations?: readonly string[];
  readonly doctorIds?: readonly string[];
  readonly alerts?: "off" | "own" | "location" | "all";
  readonly neverReceive?: boolean;
}

export async function openPractice(settings: Partial<ArrivalSettings> = {}): Promise<Practice> {
  const database = await testDatabase();
  const dependencies: ArrivalEventDependencies = {
    directory: directorySnapshot(database),
    settings: POLICY,
    arrivalSettings: { ...SETTINGS, ...settings },
    now: () => minutes(0),
    record: RECORD,
    onAcknowledged: () => undefined,
  };
  const handler = arrivalEvents(dependencies);
  let changed = 0;

  const practice: Practice = {
    database,
    dependencies,
    async user(username, user = {}) {
      await database.transaction(async (tx) => {
        await tx.query(
          `INSERT INTO users (username, name, active, permissions, doctor, locations, doctor_ids)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (username) DO UPDATE SET active = excluded.active, permissions = excluded.permissions,
             doctor = excluded.doctor, locations = excluded.locations, doctor_ids = excluded.doctor_ids`,
          [
            username,
            titled(username),
            user.active ?? true,
            user.access === false ? [] : ["AccessWhisper"],
            user.doctor ?? false,
            user.locations ?? [],
            user.doctorIds ?? [],
          ],
        );
        await tx.query(
          `INSERT INTO preferences (username, never_receive, patient_arrived_alerts) VALUES ($1, $2, $3)
           ON CONFLICT (username) DO UPDATE SET never_receive = excluded.never_receive,
             patient_arrived_alerts = excluded.patient_arrived_alerts`,
          [username, user.neverReceive ?? false, user.alerts ?? null],
        );
        await recordChanges(tx, [{ kind: "user", subject: username }], true);
      });
      await dependencies.directory.fresh();
    },
    async group(id, name, members) {
      await database.transaction(async (tx) => {
        await tx.query("INSERT INTO security_groups (id, name) VALUES ($1, $2)", [id, name]);
        await tx.query("INSERT INTO security_group_members SELECT $1, unnest($2::text[])", [id, members]);
        await recordChanges(tx, [{ kind: "security_group", subject: id }], true);
      });
      await dependencies.directory.fresh();
    },
    put: (booking) => database.transaction((tx) => practice.putIn(tx, booking)),
    putIn: (tx, booking) => {
      changed += 1;
      const whole: Booking = {
        bookingId: "b1",
        status: "arrived",
        patientId: "12345",
        patientName: "Alice Jones",
        doctor: name("dr.jones"),
        location: "Main St",
        appointmentAt: minutes(90),
        utcOffset: null,
        changedBy: name("mia.chen"),
        changedAt: minutes(changed),
        ...booking,
      };
      return putBooking(tx, dependencies, whole);
    },
    async sent(conversation) {
      const { rows } = await database.query<Sent>(
        `SELECT ref, natural_key AS conversation, as_user, type, content, target_ref, event_id,
                dropped_at IS NOT NULL AS dropped
         FROM outbox JOIN conversations c ON c.id = conversation_id
         WHERE $1::text IS NULL OR natural_key = $1 ORDER BY seq`,
        [conversation ?? null],
      );
      return rows;
    },
    messages: async (conversation) =>
      (await practice.sent(conversation)).filter(({ type, dropped }) => type !== "m.reaction" && !dropped),
    async deliver() {
      await database.query("UPDATE conversations SET room_id = '!' || natural_key WHERE room_id IS NULL");
      const { rows } = await database.query<{ ref: string }>(
        `UPDATE outbox o SET attempted_at = now(), sent_at = now(), event_id = '$' || md5(ref), room_id = c.room_id
         FROM conversations c
         WHERE c.id = o.conversation_id AND o.sent_at IS NULL AND o.dropped_at IS NULL RETURNING ref`,
      );
      const now = new Set(rows.map(({ ref }) => ref));
      return (await practice.sent()).filter(({ ref }) => now.has(ref));
    },
    async eventOf(ref) {
      const { rows } = await database.query<{ event_id: EventId | null }>(
        "SELECT event_id FROM outbox WHERE ref = $1",
        [ref],
      );
      const event = rows[0]?.event_id;
      if (event == null) throw new Error(`not sent: ${ref}`);
      return event;
    },
    async attempt() {
      await database.query(
        "UPDATE outbox SET attempted_at = now() WHERE attempted_at IS NULL AND dropped_at IS NULL",
      );
    },
    async event(username, { type, content, room, stateKey, id }) {
      const event: MatrixEvent = {
        event_id: id ?? (`$${randomUUID()}` as EventId),
        room_id: (room ?? `!arrivals:${username}`) as RoomId,
        sender: username.startsWith("@") ? (username as UserId) : userIdOf(POLICY, name(username)),
        type,
        origin_server_ts: minutes(120).getTime(),
        content,
        ...(stateKey === undefined ? {} : { state_key: stateKey }),
      };
      await database.query("INSERT INTO inbox (event_id, room_id, type, event) VALUES ($1, $2, $3, $4)", [
        event.event_id,
        event.room_id,
        event.type,
        event,
      ]);
      await database.transaction((tx) => handler.handle(tx, event));
      return event;
    },
    react: (username, to, key, room) =>
      practice.event(username, {
        type: "m.reaction",
        content: { "m.relates_to": { rel_type: "m.annotation", event_id: to, key } },
        ...(room === undefined ? {} : { room }),
      }),
    joins: (username) =>
      practice.event(username, {
        type: "m.room.member",
        content: { membership: "join" },
        stateKey: userIdOf(POLICY, name(username)),
      }),
    arrivals: async () => (await database.query("SELECT * FROM arrivals ORDER BY told_at, id")).rows,
    notices: async () =>
      (await database.query("SELECT * FROM arrival_notices ORDER BY arrival_id, username")).rows,
    close: () => database.close(),
  };
  return practice;
}

/** `mia.chen` is Mia Chen. */
const titled = (username: string): string =>
  username
    .split(".")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");

/** What the recipients' notices say, by user. */
export const progressOf = (arrival: Arrival | null): Record<string, string> =>
  Object.fromEntries((arrival?.notices ?? []).map((notice) => [notice.username, notice.progress.state]));

/** What a send says: its text, or the key of its reaction. */
export function textOf({ content, type }: Pick<Sent, "content" | "type">): string {
  const relation = content["m.relates_to"] as { key?: string } | undefined;
  return content.body ?? relation?.key ?? type;
}

/** Returns when a connection to the practice's database waits for another one. */
export async function untilSomebodyWaits({ database }: Practice): Promise<void> {
  for (;;) {
    const found = await database.query(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    if (found.rowCount !== 0) return;
  }
}
