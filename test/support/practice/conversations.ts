/** A practice in a real database whose clients act through the inbox, without a homeserver. */

import { randomUUID } from "node:crypto";
import { type Logger, pino } from "pino";
import { type EditRequest, editConversation } from "../../../src/conversations/groups/edit.ts";
import { type ListedConversation, listConversations } from "../../../src/conversations/list/list.ts";
import { type Opened, openConversation } from "../../../src/conversations/open.ts";
import type { ListDependencies } from "../../../src/conversations/record/dependencies.ts";
import { directoryChanged } from "../../../src/conversations/record/queue-checks.ts";
import type { Refusal } from "../../../src/conversations/record/refusal.ts";
import { importDirectory } from "../../../src/directory/import.ts";
import { directorySchema } from "../../../src/directory/input/schema.ts";
import { directorySnapshot } from "../../../src/directory/snapshot.ts";
import type { EventHandler } from "../../../src/messages/event.ts";
import { drainInbox, storeEvents } from "../../../src/messages/inbox.ts";
import { storeReceipts } from "../../../src/messages/receipts.ts";
import { mirrorEvent } from "../../../src/mirror/mirror.ts";
import type {
  ConversationId,
  EventId,
  PracticeSettings,
  RoomId,
  Selection,
  UserId,
  Username,
} from "../../../src/policy/model.ts";
import { groupHandleOf, type HandleTarget, userIdOf } from "../../../src/policy/names/names.ts";
import type { Database } from "../../../src/store/database.ts";
import { testDatabase } from "../database/postgres.ts";
import { SOMEONES_RECORD } from "./record-keys.ts";

export const SETTINGS: PracticeSettings = {
  serverName: "practice.test",
  userPrefix: "ht_",
  bot: "@whisper:practice.test" as UserId,
  practiceName: "Test practice",
  customGroupsEditedBy: "members",
};
export const DAY = 86_400_000;
/** The practice's clock starts here. */
export const MORNING = Date.parse("2026-03-02T09:00:00+11:00");

export const id = (username: string): UserId => userIdOf(SETTINGS, username as Username);
export const handle = (target: { securityGroup: string } | { customGroup: string }): UserId =>
  groupHandleOf(SETTINGS, target as HandleTarget);

export interface Choice {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly customGroups?: readonly string[];
}
export const selection = ({ users = [], groups = [], customGroups = [] }: Choice): Selection =>
  ({ users, securityGroups: groups, customGroups }) as unknown as Selection;

export interface Staff {
  readonly users: ReadonlyArray<string | { readonly username: string; readonly [field: string]: unknown }>;
  readonly groups?: Readonly<Record<string, readonly string[]>>;
}

export interface House {
  readonly database: Database;
  readonly dependencies: ListDependencies;
  /** The time on the practice's clock, in milliseconds. */
  clock: number;
  /** HealthTrack sends its directory: these people, with AccessWhisper, and these groups. */
  staff(staff: Staff): Promise<void>;
  /** The same, with whatever HealthTrack says about its groups. */
  import(
    users: ReadonlyArray<Exclude<Staff["users"][number], string>>,
    groups: readonly object[],
  ): Promise<void>;
  open(as: string, choice: Choice, name?: string): Promise<Opened | Refusal>;
  /** Opens a conversation if the rules allow it. @returns it with its room. */
  opened(as: string, choice: Choice, name?: string): Promise<{ id: ConversationId; room: RoomId }>;
  edit(
    as: string,
    id: string,
    edit: { name?: string; add?: Choice; remove?: Choice },
  ): ReturnType<typeof editConversation>;
  list(username: string, includeArchived?: boolean): Promise<readonly ListedConversation[]>;
  /** Makes the conversation's room as the reconciler would, with these people and handles in it. */
  giveRoom(id: ConversationId, members: readonly UserId[]): Promise<RoomId>;
  /** Synapse sends an event, and Whisper handles it. */
  event(event: TestEvent): Promise<EventId>;
  say(room: RoomId, username: string, body?: string): Promise<EventId>;
  read(room: RoomId, username: string, event: EventId): Promise<void>;
  /** What the group now consists of. */
  group(id: string): Promise<{ name: string | null; revision: number } & Required<Choice>>;
  /** Takes the waiting jobs of this name. @returns their payloads. */
  takeJobs(name: string): Promise<Record<string, unknown>[]>;
  /** Takes the accounts that are due for a check. @returns their ids. */
  takeAccounts(): Promise<string[]>;
  /** What was queued for one conversation, or for all. */
  sent(conversation?: string): Promise<
    Array<{
      ref: string;
      conversation_id: string;
      type: string;
      content: { body?: string; formatted_body?: string } & Record<string, unknown>;
      target_ref: string | null;
    }>
  >;
  controlOf(username: string): Promise<string>;
  close(): Promise<void>;
}

export interface TestEvent {
  readonly room: RoomId;
  readonly sender: UserId;
  readonly type: string;
  readonly content: Record<string, unknown>;
  readonly stateKey?: string;
  readonly eventId?: string;
  readonly redacts?: string;
  readonly unsigned?: Record<string, unknown>;
  readonly at?: number;
}

export async function openHouse(
  handlersOf: (dependencies: ListDependencies, house: House) => readonly EventHandler[] = () => [],
  settings: Partial<PracticeSettings> = {},
): Promise<House> {
  const database = await testDatabase();
  const log: Logger = pino({ level: "silent" });
  let rooms = 0;
  const dependencies: ListDependencies = {
    directory: directorySnapshot(database),
    settings: { ...SETTINGS, ...settings },
    archiveAfter: 3 * DAY,
    now: () => new Date(house.clock),
  };
  const house: House = {
    database,
    dependencies,
    clock: MORNING,
    staff: ({ users, groups = {} }) =>
      house.import(
        users.map((each) => (typeof each === "string" ? { username: each } : each)),
        Object.entries(groups).map(([name, members]) => ({ id: name, name, members })),
      ),
    async import(users, groups) {
      const changes = { record: SOMEONES_RECORD, changed: directoryChanged, problems: async () => undefined };
      const sent = directorySchema.parse({
        users: users.map((user) => ({
          name: titled(user.username),
          permissions: ["AccessWhisper"],
          ...user,
        })),
        security_groups: groups,
      });
      const imported = await database.transaction((tx) =>
        importDirectory(tx, dependencies.settings, changes, sent, {
          dryRun: false,
          strict: false,
          allowMassDeactivation: true,
        }),
      );
      if ("refused" in imported) throw new Error(JSON.stringify(imported));
    },
    open: (as, choice, name) =>
      database.transaction((tx) =>
        openConversation(dependencies, tx, { as: as as Username, name: name ?? null, ...selection(choice) }),
      ),
    async opened(as, choice, name) {
      const opened = await house.open(as, choice, name);
      if ("refused" in opened) throw new Error(JSON.stringify(opened));
      const known = await database.query<{ room_id: RoomId | null }>(
        "SELECT room_id FROM conversations WHERE id = $1",
        [opened.id],
      );
      return { id: opened.id, room: known.rows[0]?.room_id ?? (await house.giveRoom(opened.id, [])) };
    },
    edit: (as, group, { name, add = {}, remove = {} }) =>
      database.transaction((tx) => {
        const request: EditRequest = {
          as: as as Username,
          ...(name === undefined ? {} : { name }),
          add: selection(add),
          remove: selection(remove),
        };
        return editConversation(dependencies, tx, group as ConversationId, request);
      }),
    async list(username, includeArchived = false) {
      return (
        (await listConversations(dependencies, database, username as Username, { includeArchived })) ?? []
      );
    },
    async giveRoom(conversation, members) {
      const room = `!room${++rooms}:practice.test` as RoomId;
      await database.query("UPDATE conversations SET room_id = $2 WHERE id = $1", [conversation, room]);
      await database.query("INSERT INTO rooms (room_id, version, creator) VALUES ($1, '11', $2)", [
        room,
        SETTINGS.bot,
      ]);
      for (const member of [SETTINGS.bot, ...members]) {
        await house.event({
          room,
          sender: SETTINGS.bot,
          type: "m.room.member",
          stateKey: member,
          content: { membership: "join" },
        });
      }
      return room;
    },
    async event({ room, sender, type, content, stateKey, eventId, redacts, unsigned, at }) {
      const event_id = (eventId ?? `$${randomUUID()}`) as EventId;
      await storeEvents(database, [
        {
          event_id,
          room_id: room,
          sender,
          type,
          content,
          origin_server_ts: at ?? house.clock,
          ...(stateKey === undefined ? {} : { state_key: stateKey }),
          ...(redacts === undefined ? {} : { redacts }),
          ...(unsigned === undefined ? {} : { unsigned }),
        },
      ]);
      await drainInbox(database, [mirror, ...handlersOf(dependencies, house)], log, room);
      const failed = await database.query<{ last_error: string | null }>(
        "SELECT last_error FROM inbox WHERE handled_at IS NULL AND room_id = $1",
        [room],
      );
      if (failed.rows.length > 0) throw new Error(`an event was not handled: ${failed.rows[0]?.last_error}`);
      return event_id;
    },
    say: (room, username, body = "Hello") =>
      house.event({
        room,
        sender: id(username),
        type: "m.room.message",
        content: { msgtype: "m.text", body },
      }),
    async read(room, username, event) {
      await storeReceipts(database, [
        {
          type: "m.receipt",
          room_id: room,
          content: { [event]: { "m.read": { [id(username)]: { ts: house.clock } } } },
        },
      ]);
    },
    async group(group) {
      const directory = await dependencies.directory.within(database);
      const found = directory.customGroups.get(group as ConversationId);
      if (found === undefined) throw new Error("no such group");
      const row = await database.query<{ revision: string }>(
        "SELECT revision FROM conversations WHERE id = $1",
        [group],
      );
      return {
        name: found.name,
        revision: Number(row.rows[0]?.revision),
        users: found.users,
        groups: found.securityGroups,
        customGroups: found.customGroups,
      };
    },
    async takeJobs(name) {
      const found = await database.query<{ payload: Record<string, unknown> }>(
        `DELETE FROM graphile_worker._private_jobs j USING graphile_worker._private_tasks t
         WHERE t.id = j.task_id AND t.identifier = $1 RETURNING j.payload`,
        [name],
      );
      return found.rows.map(({ payload: { queue: _, ...told } }) => told);
    },
    async takeAccounts() {
      const found = await database.query<{ user_id: string }>("DELETE FROM account_checks RETURNING user_id");
      return found.rows.map((row) => row.user_id);
    },
    async sent(conversation) {
      const found = await database.query<Awaited<ReturnType<House["sent"]>>[number]>(
        `SELECT ref, conversation_id, type, content, target_ref FROM outbox
         WHERE $1::text IS NULL OR conversation_id = $1 ORDER BY seq`,
        [conversation ?? null],
      );
      return found.rows;
    },
    async controlOf(username) {
      const found = await database.query<{ id: string }>(
        "SELECT id FROM conversations WHERE kind = 'control' AND username = $1",
        [username],
      );
      return found.rows[0]?.id ?? "none";
    },
    close: () => database.close(),
  };
  return house;
}

const mirror: EventHandler = {
  name: "mirror",
  handle: async (tx, event) => {
    await mirrorEvent(tx, event);
  },
};

const titled = (username: string): string => username.charAt(0).toUpperCase() + username.slice(1);
