import { inParallel } from "../../base/in-parallel.ts";
import { RETIRED_ROOMS } from "../../conversations/record/retired-rooms.ts";
import { CONVERSATION_ROOMS } from "../../conversations/record/rooms.ts";
import { conversationsAfter, type StoredConversation } from "../../conversations/record/store.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import { SEEN_ROOMS } from "../../mirror/members.ts";
import type {
  ActualRoom,
  ConversationId,
  ConversationKind,
  ExpectedRoom,
  PracticeSettings,
  RoomId,
  UserId,
} from "../../policy/model.ts";
import { isOurs } from "../../policy/names/names.ts";
import { closingSteps } from "../../policy/rooms/diff-room.ts";
import { expectedRoom } from "../../policy/rooms/expected-room.ts";
import {
  blockedAccount,
  type Finding,
  findingsOf,
  noRoom,
  unknownRoom,
} from "../../policy/rooms/findings.ts";
import * as words from "../../policy/words.ts";
import type { Queryable } from "../../store/database.ts";
import type { ListedRoom, RoomInspector } from "./room-ports.ts";

export interface RoomAuditDependencies {
  readonly database: Queryable;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** One per audit, since it remembers what it was told. */
  readonly inspector: () => RoomInspector;
}

/** An audit in progress. */
interface Audit extends Omit<RoomAuditDependencies, "inspector"> {
  readonly inspector: RoomInspector;
}

/** A room, or the account of someone in them, that is not as it should be. */
export type RoomReport = {
  readonly roomId: RoomId | null;
  readonly findings: readonly Finding[];
} & (
  | {
      readonly is: "conversation";
      readonly conversation: ConversationId;
      readonly kind: ConversationKind;
      readonly direct: ReadonlyMap<UserId, UserId>;
    }
  | { readonly is: "closed"; readonly roomId: RoomId; readonly conversation: ConversationId | null }
  | { readonly is: "unknown"; readonly roomId: RoomId; readonly creator: UserId | null }
  /** An account that should work and that someone blocked at the homeserver. Only a person can mend it. */
  | { readonly is: "account"; readonly roomId: null; readonly user: UserId }
);

/** The number of conversations held in memory, and of rooms requested, at the same time. */
const BATCH = 50;
const AT_ONCE = 4;
const NOBODY: ReadonlyMap<UserId, UserId> = new Map();

/**
 * Compares every room at the homeserver with how it should be, and yields those that differ, followed by rooms that
 * hold people and should not. Memory does not grow with the practice.
 * @param only these rooms, at the cost of these rooms; null: every room.
 */
export async function* auditRooms(
  given: RoomAuditDependencies,
  only: readonly RoomId[] | null = null,
): AsyncGenerator<RoomReport> {
  const dependencies: Audit = { ...given, inspector: given.inspector() };
  for await (const rows of conversations(dependencies.database, only)) {
    for (const report of await inParallel(rows, AT_ONCE, (row) => auditConversation(dependencies, row))) {
      if (report !== null) yield report;
    }
  }
  if (only === null) yield* auditAccounts(dependencies);
  const listed = only === null ? dependencies.inspector.rooms() : these(dependencies.inspector, only);
  for await (const page of listed) yield* auditStrayRooms(dependencies, page);
}

async function* auditAccounts({ inspector }: Audit): AsyncGenerator<RoomReport> {
  for await (const page of inspector.blockedAccounts())
    for (const { user, why } of page)
      yield { is: "account", roomId: null, user, findings: [blockedAccount(user, why)] };
}

async function* these(
  inspector: RoomInspector,
  rooms: readonly RoomId[],
): AsyncGenerator<readonly ListedRoom[]> {
  for (let at = 0; at < rooms.length; at += BATCH) {
    const found = await inParallel(rooms.slice(at, at + BATCH), AT_ONCE, (room) => inspector.room(room));
    yield found.filter((room) => room !== null);
  }
}

async function* conversations(
  database: Queryable,
  only: readonly RoomId[] | null,
): AsyncGenerator<readonly StoredConversation[]> {
  for (let after = ""; ; ) {
    const page = await conversationsAfter(database, after, BATCH, only);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < BATCH) return;
    after = last.conversation.id;
  }
}

async function auditConversation(
  dependencies: Audit,
  { conversation, roomId }: StoredConversation,
): Promise<RoomReport | null> {
  const { settings, inspector } = dependencies;
  const { id, kind } = conversation;
  const expected = expectedRoom(conversation, await dependencies.directory.fresh(), settings);
  const direct = expected?.direct ?? NOBODY;
  const actual = roomId === null ? null : await inspector.inspect(roomId, direct);
  const findings = await compare(dependencies, expected, actual);
  if (findings.length === 0) return null;
  return { is: "conversation", roomId, conversation: id, kind, direct, findings };
}

async function compare(
  { settings, inspector }: Audit,
  expected: ExpectedRoom | null,
  actual: ActualRoom | null,
): Promise<readonly Finding[]> {
  if (expected === null) return actual === null ? [] : inClosedRoom(settings, actual);
  if (actual === null) return [noRoom];
  // People who may not sign in and never did have no account and need none.
  const possible = await inspector.withAccount([...expected.members]);
  const members = new Set(
    [...expected.members].filter((user) => user === settings.bot || possible.has(user)),
  );
  return findingsOf({ ...expected, members }, actual);
}

/** Who is in, or can read, a room that should be empty. */
function inClosedRoom(settings: PracticeSettings, actual: ActualRoom): Finding[] {
  return closingSteps(settings, actual).flatMap((step): Finding[] => {
    if (step.step === "kick") {
      const membership = actual.members.get(step.user)?.membership ?? null;
      return [
        {
          rule: "membership",
          expected: words.notInRoom(step.user),
          actual: words.isIn(membership),
          severity: "critical",
        },
      ];
    }
    if (step.step !== "forget" || actual.members.get(step.user)?.membership !== "leave") return [];
    return [
      {
        rule: "forgotten",
        expected: words.leftAndForgotten(step.user),
        actual: words.notForgotten,
        severity: "critical",
      },
    ];
  });
}

/** Rooms with people in them that are closed or belong to no conversation. */
async function* auditStrayRooms(
  dependencies: Audit,
  page: readonly ListedRoom[],
): AsyncGenerator<RoomReport> {
  const stray = await strayAmong(dependencies.database, page);
  for (const { room, closed, conversation, seenLately } of stray) {
    const actual = await dependencies.inspector.inspect(room.roomId, NOBODY);
    if (actual === null) continue;
    const { roomId, creator } = room;
    if (closed) {
      const findings = inClosedRoom(dependencies.settings, actual);
      if (findings.length > 0) yield { is: "closed", roomId, conversation, findings };
      continue;
    }
    const people = ourPeopleIn(dependencies.settings, actual);
    const waits = seenLately && people.length === 1 && people[0] === creator;
    if (people.length > 0 && !waits)
      yield { is: "unknown", roomId, creator, findings: [unknownRoom(people.length)] };
  }
}

const ourPeopleIn = (settings: PracticeSettings, { members }: ActualRoom): UserId[] =>
  [...members].flatMap(([user, { membership }]) =>
    (membership === "join" || membership === "invite") && isOurs(settings, user) ? [user] : [],
  );

interface Stray {
  readonly room: ListedRoom;
  readonly closed: boolean;
  readonly conversation: ConversationId | null;
  /** Its maker may still invite someone; if not, it will be closed soon. */
  readonly seenLately: boolean;
}

/** Rooms that someone, or Whisper itself, made a moment ago are about to become conversations or be closed. */
export const UNDER_WAY = "10 minutes";

/** A room with only its maker in it has been closed by then (see orphan-rooms.ts). */
const ALONE = "2 hours";

async function strayAmong(database: Queryable, page: readonly ListedRoom[]): Promise<Stray[]> {
  const known = await database.query<{
    room_id: RoomId;
    state: "known" | "closed" | "closing" | "alone" | "unknown";
    conversation: ConversationId | null;
  }>(
    `SELECT room_id, closed.successor AS conversation,
       CASE WHEN c.id IS NOT NULL THEN 'known'
            WHEN closed.retired_at IS NOT NULL THEN 'closed'
            WHEN closed.since <= now() - interval '${UNDER_WAY}' THEN 'closing'
            WHEN closed.since IS NOT NULL OR seen_at > now() - interval '${UNDER_WAY}' THEN 'known'
            WHEN seen_at > now() - interval '${ALONE}' THEN 'alone'
            ELSE 'unknown' END AS state
     FROM unnest($1::text[]) AS listed (room_id)
       LEFT JOIN (${CONVERSATION_ROOMS}) AS c USING (room_id)
       LEFT JOIN (${RETIRED_ROOMS}) AS closed USING (room_id) LEFT JOIN (${SEEN_ROOMS}) AS seen USING (room_id)`,
    [page.map((room) => room.roomId)],
  );
  const states = new Map(known.rows.map((row) => [row.room_id, row]));
  return page.flatMap((room) => {
    const { state = "unknown", conversation = null } = states.get(room.roomId) ?? {};
    // Everyone who should be made to forget may have left, so an unfinished closing is checked in any case.
    if (state === "known" || (room.people === 0 && state !== "closing")) return [];
    const closed = state === "closed" || state === "closing";
    return [{ room, closed, conversation, seenLately: state === "alone" }];
  });
}
