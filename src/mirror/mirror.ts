import type { MatrixEvent } from "../messages/event.ts";
import { isHandled, lastPosition, stateHandledAfter } from "../messages/inbox-queries.ts";
import { redactedBy } from "../messages/relation.ts";
import type { ActualMember, ActualRoom, EventId, Membership, RoomId, UserId } from "../policy/model.ts";
import type { Queryable } from "../store/database.ts";

/**
 * The rooms as they are, in PostgreSQL. Synapse's transactions and Whisper's own acts keep it current, so that Whisper
 * does not ask the homeserver for what is known.
 */

/**
 * What a state event changed for the rules: `nothing` includes what Whisper did itself and already knew of; `awaited`:
 * Whisper is just letting someone in, and the event came before the homeserver's answer.
 */
export type News = "nothing" | "awaited" | "changed";

/** Stores a state event in the mirror, or what a redaction left of one. */
export async function mirrorEvent(db: Queryable, event: MatrixEvent): Promise<News> {
  const redacted = redactedBy(event);
  if (redacted !== null) return mirrorRedaction(db, event.room_id, redacted);
  if (event.state_key === undefined) return "nothing";
  if (event.type === "m.room.member") {
    const { membership } = event.content;
    if (typeof membership !== "string") return "nothing";
    return (await mirrorMembers(db, event.room_id, [event]))[0] ?? "nothing";
  }
  if (event.state_key !== "") return "nothing";
  if (event.type === "m.room.create") {
    const { room_version } = event.content;
    await mirrorRoom(db, event.room_id, typeof room_version === "string" ? room_version : "1", event.sender);
  }
  return mirrorState(db, event);
}

export async function mirrorRoom(
  db: Queryable,
  room: RoomId,
  version: string,
  creator: UserId | null,
): Promise<void> {
  await db.query(
    `INSERT INTO rooms (room_id, version, creator) VALUES ($1, $2, $3) ON CONFLICT (room_id) DO NOTHING`,
    [room, version, creator],
  );
}

/**
 * How long Whisper's own acts stand in the mirror against events that contradict them. Those events are older: they
 * were on their way when it acted. The event of the act itself ends this; the time limit is for when it is lost.
 */
const AHEAD = "now() + interval '1 minute'";

/** Stores a state event in the mirror unless a newer one is known. */
async function mirrorState(db: Queryable, event: MatrixEvent): Promise<News> {
  const replaces = event.unsigned?.replaces_state ?? null;
  const changed = await db.query<{ changed: boolean }>(
    `WITH before AS (SELECT content FROM room_state WHERE room_id = $1 AND type = $2)
     INSERT INTO room_state AS known (room_id, type, content, event_id, made_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (room_id, type) DO UPDATE
       SET content = excluded.content, event_id = excluded.event_id, made_at = excluded.made_at, ahead_until = NULL
     WHERE CASE WHEN known.ahead_until > now() THEN known.event_id IN (excluded.event_id, $6)
                ELSE excluded.made_at >= known.made_at END
     RETURNING content IS DISTINCT FROM (SELECT content FROM before) AS changed`,
    [
      event.room_id,
      event.type,
      JSON.stringify(event.content),
      event.event_id,
      event.origin_server_ts,
      replaces,
    ],
  );
  return changed.rows[0]?.changed ? "changed" : "nothing";
}

/** State of which a redaction leaves what the rules are about (room version 11, "Redactions"). */
const KEPT = ["m.room.create", "m.room.power_levels", "m.room.join_rules", "m.room.history_visibility"];

async function mirrorRedaction(db: Queryable, room: RoomId, redacted: EventId): Promise<News> {
  const emptied = await db.query(
    `UPDATE room_state SET content = '{}'
     WHERE room_id = $1 AND event_id = $2 AND type <> ALL($3) AND content <> '{}'`,
    [room, redacted, KEPT],
  );
  return (emptied.rowCount ?? 0) > 0 ? "changed" : "nothing";
}

/** Is this event the room's present state, or this user's present membership in it? */
export async function isPresentState(
  db: Queryable,
  room: RoomId,
  user: UserId,
  event: EventId,
): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM room_state WHERE room_id = $1 AND event_id = $3
     UNION ALL SELECT FROM room_members WHERE room_id = $1 AND user_id = $2 AND event_id = $3`,
    [room, user, event],
  );
  return found.rows.length > 0;
}

/** Stores what Whisper itself set, and the event id, unless the event was handled before the answer came. */
export async function mirrorOwnState(
  db: Queryable,
  room: RoomId,
  type: string,
  content: Readonly<Record<string, unknown>>,
  eventId: string,
): Promise<void> {
  await db.query(
    `INSERT INTO room_state AS known (room_id, type, content, event_id, ahead_until)
     SELECT $1, $2, $3::jsonb, $4, ${AHEAD}
     WHERE NOT ${isHandled("$4")}
     ON CONFLICT (room_id, type) DO UPDATE
       SET content = excluded.content, event_id = excluded.event_id, ahead_until = excluded.ahead_until
     WHERE known.event_id <> excluded.event_id`,
    [room, type, JSON.stringify(content), eventId],
  );
}

/**
 * Whisper is about to change a membership: `mirrorOwnMember` follows when it is done. Someone who was never in the room
 * counts as having forgotten it: a join begins with an invitation, whose event may come first.
 */
export async function awaitOwnMember(
  db: Queryable,
  room: RoomId,
  user: UserId,
  membership: Membership,
): Promise<void> {
  await db.query(
    `INSERT INTO room_members AS known (room_id, user_id, membership, forgotten, event_id, awaited)
     VALUES ($1, $2, 'leave', true, '', $3)
     ON CONFLICT (room_id, user_id) DO UPDATE SET awaited = excluded.awaited`,
    [room, user, membership],
  );
}

/**
 * Stores a membership that Whisper itself changed. If its event was handled before the answer came, later events may
 * have been handled too: the mirror is then right, and nothing that arrives is older.
 */
export async function mirrorOwnMember(
  db: Queryable,
  room: RoomId,
  user: UserId,
  membership: Membership,
): Promise<void> {
  await db.query(
    `INSERT INTO room_members AS known (room_id, user_id, membership, event_id, ahead_until)
     VALUES ($1, $2, $3, '', ${AHEAD})
     ON CONFLICT (room_id, user_id) DO UPDATE
       SET membership = excluded.membership, ahead_until = excluded.ahead_until, forgotten = false, awaited = NULL
     WHERE known.awaited = excluded.membership`,
    [room, user, membership],
  );
}

/** Stores memberships in the mirror in one statement. @returns what each of them changed; older ones are left out. */
async function mirrorMembers(db: Queryable, room: RoomId, events: readonly MatrixEvent[]): Promise<News[]> {
  const taken = await db.query<{ news: News }>(
    `WITH given AS (
       SELECT user_id, membership, event_id, made_at
       FROM json_to_recordset($2) AS m(user_id text, membership text, event_id text, made_at bigint)),
     before AS (
       SELECT user_id, membership, awaited FROM room_members
       WHERE room_id = $1 AND user_id IN (SELECT user_id FROM given))
     INSERT INTO room_members AS known (room_id, user_id, membership, event_id, made_at)
     SELECT $1, user_id, membership, event_id, made_at FROM given
     ON CONFLICT (room_id, user_id) DO UPDATE
       SET membership = excluded.membership, event_id = excluded.event_id, made_at = excluded.made_at,
           ahead_until = NULL,
           awaited = nullif(known.awaited, excluded.membership),
           -- A new membership row opens the history again, so what was forgotten must be forgotten again: also when
           -- someone who had left has left once more, and the events in between were not seen.
           forgotten = known.forgotten AND known.membership = excluded.membership
             AND (known.event_id = excluded.event_id OR coalesce(known.ahead_until > now(), false))
     WHERE CASE WHEN known.ahead_until > now() THEN excluded.membership IN (known.membership, known.awaited)
                ELSE excluded.made_at >= known.made_at END
     RETURNING coalesce(
       (SELECT CASE WHEN before.membership = known.membership THEN 'nothing'
                    -- A join of Whisper's begins with an invitation.
                    WHEN before.awaited = 'join' AND known.membership IN ('invite', 'join') THEN 'awaited' END
        FROM before WHERE before.user_id = known.user_id), 'changed') AS news`,
    [
      room,
      JSON.stringify(
        events.map((event) => ({
          user_id: event.state_key,
          membership: event.content.membership,
          event_id: event.event_id,
          made_at: event.origin_server_ts,
        })),
      ),
    ],
  );
  return taken.rows.map((row) => row.news);
}

export async function mirrorForgotten(db: Queryable, room: RoomId, user: UserId): Promise<void> {
  await db.query("UPDATE room_members SET forgotten = true WHERE room_id = $1 AND user_id = $2", [
    room,
    user,
  ]);
}

/** Nobody is known to have forgotten the room, or to list it among their direct chats. */
export async function mirrorNothingKept(db: Queryable, room: RoomId): Promise<void> {
  await db.query("UPDATE room_members SET forgotten = false, direct = false WHERE room_id = $1", [room]);
}

/** The moment before a room's whole state was requested, as the last position in the inbox. */
export interface Asked {
  readonly after: string;
}

/** To be called before the request, for `mirrorWholeRoom`. */
export async function aboutToAsk(db: Queryable): Promise<Asked> {
  return { after: await lastPosition(db) };
}

/**
 * Replaces the mirror's copy of a room with its whole state from the homeserver. What was handled after that was
 * requested stays: an invitation, say, that is not in it yet.
 */
export async function mirrorWholeRoom(
  db: Queryable,
  room: RoomId,
  state: readonly MatrixEvent[],
  asked: Asked,
): Promise<void> {
  const members = state.filter((event) => event.type === "m.room.member");
  await db.query("UPDATE room_members SET ahead_until = NULL WHERE room_id = $1", [room]);
  await db.query(
    `DELETE FROM room_state WHERE room_id = $1 AND NOT ${stateHandledAfter("$1", "$2", "room_state.type")}`,
    [room, asked.after],
  );
  await db.query(
    `DELETE FROM room_members WHERE room_id = $1 AND NOT (user_id = ANY($3)) AND NOT ${stateHandledAfter("$1", "$2", "'m.room.member'", "room_members.user_id")}`,
    [room, asked.after, members.map((event) => event.state_key)],
  );
  await mirrorMembers(db, room, members);
  for (const event of state) if (event.type !== "m.room.member") await mirrorEvent(db, event);
}

/** The room as mirrored; null if the mirror has never seen it. */
export const loadRoom = async (db: Queryable, room: RoomId): Promise<ActualRoom | null> =>
  (await loadRooms(db, [room])).get(room) ?? null;

/** Rooms as mirrored, in three statements; without those that the mirror has never seen. */
export async function loadRooms(
  db: Queryable,
  ids: readonly RoomId[],
): Promise<ReadonlyMap<RoomId, ActualRoom>> {
  if (ids.length === 0) return new Map();
  interface Member extends ActualMember {
    readonly room_id: RoomId;
    readonly user_id: UserId;
    readonly direct: boolean;
  }
  const known = await db.query<{ room_id: RoomId; version: string; creator: UserId | null }>(
    "SELECT room_id, version, creator FROM rooms WHERE room_id = ANY($1)",
    [ids],
  );
  const state = await db.query<{ room_id: RoomId; type: string; content: Record<string, unknown> }>(
    "SELECT room_id, type, content FROM room_state WHERE room_id = ANY($1)",
    [ids],
  );
  const members = await db.query<Member & Record<string, unknown>>(
    "SELECT room_id, user_id, membership, forgotten, direct FROM room_members WHERE room_id = ANY($1)",
    [ids],
  );
  const stateOf = Map.groupBy(state.rows, (row) => row.room_id);
  const membersOf = Map.groupBy(members.rows, (row) => row.room_id);
  return new Map(
    known.rows.map(({ room_id, version, creator }): [RoomId, ActualRoom] => {
      const present = membersOf.get(room_id) ?? [];
      return [
        room_id,
        {
          roomId: room_id,
          version,
          creator,
          state: Object.fromEntries((stateOf.get(room_id) ?? []).map(({ type, content }) => [type, content])),
          members: new Map(
            present.map(({ user_id, membership, forgotten }) => [user_id, { membership, forgotten }]),
          ),
          direct: new Set(present.filter((member) => member.direct).map((member) => member.user_id)),
        },
      ];
    }),
  );
}
