import type { ConversationId, ConversationKind } from "../../policy/model.ts";
import { onlyRow, type Queryable } from "../../store/database.ts";
import { addJobs, type JobSpec } from "../../store/jobs.ts";

/**
 * The rooms that are to be looked at and for which nobody waits: those of an import, and what is left of a large one. They
 * are rows and not jobs, so that however many there are, they never stand between a person and a worker: a few lanes
 * (job `rooms`) take them one after another.
 */

/** What people talk in comes before what Whisper talks in, and that before what only some ever need. */
const RANK: { readonly [Kind in ConversationKind]: number } = {
  group: 0,
  custom: 0,
  individual: 0,
  // Everybody is in it, so it takes longest: it begins with the first.
  alerts: 0,
  admin: 0,
  control: 1,
  arrivals: 2,
};

/** After all that a person waits for (0), and after accounts: nobody is in a room who has none. */
const PRIORITY = 10;

/**
 * Has rooms looked at when nobody waits for anything else.
 * @param held not before `releaseRooms`: the accounts of their people are still to be made.
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

/** Has what is left of a room done when nobody waits. One that is to be looked at already keeps its place. */
export async function checkRoomLater(tx: Queryable, id: ConversationId): Promise<void> {
  const added = await tx.query<{ lane: number }>(
    `INSERT INTO room_checks (conversation_id, held) VALUES ($1, false)
     ON CONFLICT (conversation_id) DO NOTHING RETURNING lane`,
    [id],
  );
  await startLanes(tx, added.rows);
}

/** Are there rooms that are still to be looked at? */
export async function roomsWait(db: Queryable): Promise<boolean> {
  const waiting = await db.query<{ some: boolean }>("SELECT EXISTS (SELECT FROM room_checks) AS some");
  return onlyRow(waiting).some;
}

/** Has the rooms looked at that were held until the accounts are made. */
export async function releaseRooms(tx: Queryable): Promise<void> {
  const released = await tx.query<{ lane: number }>(
    "UPDATE room_checks SET held = false WHERE held RETURNING lane",
  );
  await startLanes(tx, released.rows);
}

const startLanes = (tx: Queryable, rows: readonly { readonly lane: number }[]): Promise<void> =>
  addJobs(tx, [...new Set(rows.map(({ lane }) => lane))].map(laneJob));

/** Milliseconds until a lane looks again whether the others are done with what comes first. */
const LATER = 1_000;

/** Has the next rooms of the lane looked at. */
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

/** The next room of the lane. `later`: those that the other lanes have come before. */
export async function nextRoomCheck(db: Queryable, lane: number): Promise<RoomCheck | "later" | null> {
  const found = await db.query<RoomCheck & { later: boolean }>(
    `SELECT conversation_id AS id, seq, rank > (SELECT min(rank) FROM room_checks WHERE NOT held) AS later
     FROM room_checks WHERE lane = $1 AND NOT held ORDER BY rank, seq LIMIT 1`,
    [lane],
  );
  const [next] = found.rows;
  return next?.later ? "later" : (next ?? null);
}

/** It was looked at. `more`: it is to be looked at again, after the others. One that became due again meanwhile stays. */
export async function roomChecked(db: Queryable, { id, seq }: RoomCheck, more: boolean): Promise<void> {
  await db.query(
    more
      ? "UPDATE room_checks SET seq = DEFAULT WHERE conversation_id = $1 AND seq = $2"
      : "DELETE FROM room_checks WHERE conversation_id = $1 AND seq = $2",
    [id, seq],
  );
}
