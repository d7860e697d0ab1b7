import type { ConversationId, ConversationKind } from "../../policy/model.ts";
import { onlyRow, type Queryable } from "../../store/database.ts";
import { addJobs, type JobSpec } from "../../store/jobs.ts";

/**
 * Rooms to check that nobody is waiting for: those of an import, and the rest of a large one. They are rows, not jobs,
 * so that they never keep a worker from a person, however many there are: a few lanes (the job `rooms`) take
 * them one after another.
 */

/**
 * Rooms in which people talk come before rooms in which Whisper talks, and those before rooms that only some people
 * ever need.
 */
const RANK: { readonly [Kind in ConversationKind]: number } = {
  group: 0,
  custom: 0,
  individual: 0,
  // Everyone is in it, so it takes longest: it begins with the first.
  alerts: 0,
  admin: 0,
  control: 1,
  arrivals: 2,
};

/** After everything that a person waits for (0), and after accounts: nobody without an account is in a room. */
const PRIORITY = 10;

/**
 * Queues checks for when nobody is waiting for anything else.
 * @param held not before `releaseRooms`: their people's accounts do not exist yet.
 */
export async function checkRoomsLater(
  tx: Queryable,
  conversations: Iterable<{ readonly id: ConversationId; readonly kind: ConversationKind }>,
  held = false,
): Promise<void> {
  const rows = new Map([...conversations].map(({ id, kind }) => [id, { id, rank: RANK[kind] }]));
  if (rows.size === 0) return;
  const added = await tx.query<{ lane: number }>(
    `INSERT INTO room_checks AS known (conversation_id, rank, held)
     SELECT id, rank, $2 FROM json_to_recordset($1) AS c(id text, rank integer)
     ON CONFLICT (conversation_id) DO UPDATE SET seq = DEFAULT, held = known.held AND excluded.held
     RETURNING lane`,
    [JSON.stringify([...rows.values()]), held],
  );
  if (!held) await startLanes(tx, added.rows);
}

/** Queues the rest of a room's work for when nobody is waiting. A room that is already queued keeps its place. */
export async function checkRoomLater(tx: Queryable, id: ConversationId): Promise<void> {
  const added = await tx.query<{ lane: number }>(
    `INSERT INTO room_checks (conversation_id, held) VALUES ($1, false)
     ON CONFLICT (conversation_id) DO NOTHING RETURNING lane`,
    [id],
  );
  await startLanes(tx, added.rows);
}

/** Are any rooms still to be checked? */
export async function roomsWait(db: Queryable): Promise<boolean> {
  const waiting = await db.query<{ some: boolean }>("SELECT EXISTS (SELECT FROM room_checks) AS some");
  return onlyRow(waiting).some;
}

/** Queues the rooms that were held until their accounts exist. */
export async function releaseRooms(tx: Queryable): Promise<void> {
  const released = await tx.query<{ lane: number }>(
    "UPDATE room_checks SET held = false WHERE held RETURNING lane",
  );
  await startLanes(tx, released.rows);
}

const startLanes = (tx: Queryable, rows: readonly { readonly lane: number }[]): Promise<void> =>
  addJobs(tx, [...new Set(rows.map(({ lane }) => lane))].map(laneJob));

/** Milliseconds until a lane checks again whether the others have finished what comes first. */
const LATER = 1_000;

/** Continues with the lane's next rooms. */
export const continueLane = (db: Queryable, lane: number, when: "now" | "later"): Promise<void> =>
  addJobs(db, [when === "now" ? laneJob(lane) : { ...laneJob(lane), runAt: new Date(Date.now() + LATER) }]);

const laneJob = (lane: number): JobSpec => ({
  name: "rooms",
  payload: { lane },
  queue: `rooms:${lane}`,
  priority: PRIORITY,
});

export interface RoomCheck {
  readonly id: ConversationId;
  readonly seq: string;
}

/** The lane's next room. `later`: rooms for which the other lanes must finish first. */
export async function nextRoomCheck(db: Queryable, lane: number): Promise<RoomCheck | "later" | null> {
  const found = await db.query<RoomCheck & { later: boolean }>(
    `SELECT conversation_id AS id, seq, rank > (SELECT min(rank) FROM room_checks WHERE NOT held) AS later
     FROM room_checks WHERE lane = $1 AND NOT held ORDER BY rank, seq LIMIT 1`,
    [lane],
  );
  const [next] = found.rows;
  return next?.later ? "later" : (next ?? null);
}

/** The room was checked. `more`: check it again, after the others. If it was queued again meanwhile, it stays. */
export async function roomChecked(db: Queryable, { id, seq }: RoomCheck, more: boolean): Promise<void> {
  await db.query(
    more
      ? "UPDATE room_checks SET seq = DEFAULT WHERE conversation_id = $1 AND seq = $2"
      : "DELETE FROM room_checks WHERE conversation_id = $1 AND seq = $2",
    [id, seq],
  );
}
