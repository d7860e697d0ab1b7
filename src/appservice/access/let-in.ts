import { roomQueue } from "../../conversations/record/queue-checks.ts";
import { checkRoomLater, roomsWait } from "../../conversations/record/room-checks.ts";
import type { Username } from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import type { Queryable } from "../../store/database.ts";
import { addJob, type InTurn } from "../../store/jobs.ts";
import { type ReconcilerDependencies, reconcileRoom } from "../rooms/reconciler.ts";
import { roomsToEnter } from "./reached-rooms.ts";

/**
 * Someone signs in while rooms are still to be made or filled: queues letting them into theirs before everyone else.
 */
export async function letInFirst(db: Queryable, username: Username): Promise<void> {
  if (await roomsWait(db)) await addJob(db, "rooms_of", { username }, { queue: `rooms_of:${username}` });
}

/**
 * The job `rooms_of`: makes the rooms that a person belongs in but is not in, and lets only them in. The others join
 * when it is their turn.
 */
export async function letIn(
  dependencies: ReconcilerDependencies,
  username: Username,
  inTurn: InTurn,
): Promise<void> {
  const { database, directory, settings } = dependencies;
  const practice = { tx: database, directory: await directory.fresh(), settings };
  for (const id of await roomsToEnter(practice, username)) {
    await inTurn(roomQueue(id), async () => {
      const more = await reconcileRoom(dependencies, id, userIdOf(settings, username));
      if (more) await database.transaction((tx) => checkRoomLater(tx, id));
    });
  }
}
