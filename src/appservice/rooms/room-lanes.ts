import type { Logger } from "pino";
import { checkRoomsSoon, roomQueue } from "../../conversations/record/queue-checks.ts";
import { nextRoomCheck, roomChecked } from "../../conversations/record/room-checks.ts";
import type { ConversationId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import type { InTurn } from "../../store/jobs.ts";

export interface RoomLaneDependencies {
  readonly database: Database;
  readonly log: Logger;
  /** Makes the room what the rules say. @returns whether something is left for later. */
  readonly look: (id: ConversationId) => Promise<boolean>;
  /** Is the error not about this room, so that every other room would fail too? */
  readonly isAway: (error: unknown) => boolean;
}

/** Rooms per run. Another job then continues, so that Whisper can be stopped, and another process may take over. */
const RUN = 10;

/**
 * The job `rooms`: checks the rooms of one lane, one after another. A room that fails becomes a job of its own, which
 * is retried and finally becomes a dead letter, so that it does not block the others.
 * @returns when the lane continues; null: none is left.
 */
export async function drainLane(
  dependencies: RoomLaneDependencies,
  lane: number,
  inTurn: InTurn,
): Promise<"now" | "later" | null> {
  const { database, log } = dependencies;
  for (let looked = 0; looked < RUN; looked++) {
    const check = await nextRoomCheck(database, lane);
    if (check === null || check === "later") return check;
    let more = false;
    try {
      await inTurn(roomQueue(check.id), async () => {
        more = await dependencies.look(check.id);
      });
    } catch (error) {
      if (dependencies.isAway(error)) throw error;
      log.warn({ task: "rooms", err: error }, "a room could not be made right, and is tried again by itself");
      await database.transaction(async (tx) => {
        await checkRoomsSoon(tx, [check.id]);
        await roomChecked(tx, check, false);
      });
      continue;
    }
    await roomChecked(database, check, more);
  }
  return "now";
}
