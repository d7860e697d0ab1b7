import type { RoomId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import type { Notifications } from "../../store/notifications.ts";

/** Longer than an adoption has ever taken. After that the message passes, and repair follows. */
const PATIENCE = 10_000;

/**
 * Queues a room's adoption and waits for it, for a bounded time. Everyone who waits for one room shares one adoption,
 * across all processes, since it is a job.
 */
export function adoptionWait(
  database: Database,
  notifications: Notifications,
): (room: RoomId) => Promise<void> {
  const waiting = new Map<RoomId, Promise<void>>();
  return (room) => {
    const already = waiting.get(room);
    if (already !== undefined) return already;
    const adoption = adopted(database, notifications, room).finally(() => waiting.delete(room));
    waiting.set(room, adoption);
    return adoption;
  };
}

async function adopted(database: Database, notifications: Notifications, room: RoomId): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = notifications.on("whisper_adopted", (payload) => {
    if (payload === room) resolve();
  });
  const timer = setTimeout(resolve, PATIENCE);
  try {
    await addJob(database, "adopt", { room_id: room }, { ...adoptJob(room), priority: -10 });
    await promise;
  } finally {
    clearTimeout(timer);
    off();
  }
}

export const adoptJob = (room: RoomId) => ({ queue: `adopt:${room}` });
