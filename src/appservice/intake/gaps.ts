import type { Logger } from "pino";
import { queueRoomAudit } from "../../audit/rooms/room-audits.ts";
import type { RoomInspector, RoomRepair } from "../../audit/rooms/room-ports.ts";
import { inParallel } from "../../base/in-parallel.ts";
import { roomsByActivity } from "../../conversations/record/rooms.ts";
import { seenRooms } from "../../mirror/members.ts";
import type { Database, Queryable } from "../../store/database.ts";
import { addJob, type JobPayloads } from "../../store/jobs.ts";
import type { CallOutcome, Homeserver } from "../homeserver/homeserver.ts";
import { fillRoom } from "./gap-in-room.ts";

export interface GapDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly inspector: () => RoomInspector;
  readonly repair: RoomRepair;
  readonly log: Logger;
}

/** Covers differing clocks of two machines, and events in progress when the last check began. */
const MARGIN = 5 * 60_000;
/** The furthest that anyone looks back, in milliseconds. */
const FURTHEST = 14 * 86_400_000;
/**
 * After a restart: rooms in which someone wrote within this time, latest first, and rooms so new that nobody has
 * written yet. At night: all rooms.
 */
const RECENT = { active: 14 * 86_400_000, made: 86_400_000, most: 2_000 };
const AT_ONCE = 2;
/**
 * How long after a search for what was missed while Whisper or Synapse was away everything is searched again, in
 * milliseconds. Synapse recovers by then: Whisper asks it to send as soon as it starts.
 */
const ONCE_MORE = 60_000;

/** Queues a search for gaps, after giving Synapse time to send what it held back. Requested twice, it runs once. */
export const queueGapCheck = (db: Queryable, rooms: "recent" | "all"): Promise<void> =>
  addJob(
    db,
    "gaps",
    { rooms },
    { queue: `gaps:${rooms}`, priority: 20, runAt: new Date(Date.now() + 2_000) },
  );

/**
 * The job `gaps`: finds events that Synapse never sent, and stores them as if it had. A Synapse that is killed at the
 * wrong moment forgets what it had queued for us and continues with later events (observed on 1.160), so every room's
 * events since the last check are compared with the inbox. If anything was missing, all rooms are audited. One call
 * for all rooms would do, but Synapse refuses `/sync` to an application service's own user (500, on 1.160).
 *
 * A transaction that Synapse makes in the instant in which it takes Whisper for up again stays behind, though later
 * ones are sent (docs/synapse-facts.md). So a search of the recent rooms is repeated once, as `again`.
 * @returns how many events were missing.
 */
export async function findGaps(
  dependencies: GapDependencies,
  { rooms, again = false }: JobPayloads["gaps"],
): Promise<number> {
  const { database, log } = dependencies;
  const began = new Date();
  const since = await lastCheck(database, rooms, began);
  const strays = await takeUnseenRooms(dependencies);
  let missing = 0;
  const toCheck = await roomsByActivity(database, rooms === "all" ? null : RECENT);
  await inParallel(toCheck, AT_ONCE, async (room) => {
    missing += await fillRoom(dependencies, room, since);
  });
  await database.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO gap_checks (rooms, checked_until) VALUES ($1, $2)
       ON CONFLICT (rooms) DO UPDATE SET checked_until = excluded.checked_until`,
      [rooms, began],
    );
    if (rooms === "recent" && !again) await queueSearchAgain(tx);
    if (missing === 0 && strays === 0) return;
    log.warn(
      { events: missing, rooms: strays },
      "Synapse had not sent everything; what was missing is taken in now",
    );
    await queueRoomAudit(tx, {
      id: `gap ${began.toISOString()}`,
      roomIds: null,
      repair: true,
      tells: "if_differing",
    });
  });
  return missing;
}

/** A queue of its own: in that of the searches it would put off one that is requested meanwhile. */
const queueSearchAgain = (tx: Queryable): Promise<void> =>
  addJob(
    tx,
    "gaps",
    { rooms: "recent", again: true },
    { queue: "gaps:again", priority: 20, runAt: new Date(Date.now() + ONCE_MORE) },
  );

/** Up to when rooms are known to be complete for this kind of check: a check of all rooms includes the recent ones. */
async function lastCheck(db: Queryable, rooms: "recent" | "all", now: Date): Promise<number> {
  const found = await db.query<{ checked_until: Date | null }>(
    "SELECT max(checked_until) AS checked_until FROM gap_checks WHERE rooms IN ($1, 'all')",
    [rooms],
  );
  const known = found.rows[0]?.checked_until?.getTime() ?? 0;
  return Math.max(known - MARGIN, now.getTime() - FURTHEST);
}

/** Rooms with our people in them from which no event at all has come. @returns how many. */
async function takeUnseenRooms({ database, inspector, repair }: GapDependencies): Promise<number> {
  let count = 0;
  for await (const page of inspector().rooms()) {
    const inhabited = page.filter((room) => room.people > 0);
    const known = await seenRooms(
      database,
      inhabited.map((room) => room.roomId),
    );
    for (const { roomId, creator } of inhabited) {
      if (known.has(roomId)) continue;
      await repair.unknown(roomId, creator);
      count += 1;
    }
  }
  return count;
}

/**
 * Reports when the homeserver answers again after being away: it may have been killed and have lost something. One that
 * throttles us, is slow or answers with an error is running, and has lost nothing.
 */
export function whenBack(onBack: () => void): (outcome: CallOutcome) => void {
  let away = false;
  return (outcome) => {
    if (outcome === "away") away = true;
    else if (away && (outcome === "ok" || outcome === "refused")) {
      away = false;
      onBack();
    }
  };
}
