import { checkRoom } from "../conversations/affected.ts";
import { TOMBSTONE_TEXT } from "../messages/words.ts";
import { closingSteps } from "../policy/diffRoom.ts";
import type { ActualRoom, ConversationId, Naming, RoomId, UserId } from "../policy/model.ts";
import { isOurs } from "../policy/names.ts";
import type { Queryable } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import { path } from "./homeserver.ts";
import { loadRoom } from "./mirror.ts";
import { carryOut, type RoomSteps } from "./room-steps.ts";

/** Has a room closed for good: a tombstone that leads to the conversation's room, and everybody out of it. */
export async function retireRoom(
  tx: Queryable,
  room: RoomId,
  successor: ConversationId | null,
): Promise<void> {
  await tx.query(
    `INSERT INTO retired_rooms (room_id, successor) VALUES ($1, $2)
     ON CONFLICT (room_id) DO UPDATE SET successor = excluded.successor, retired_at = NULL`,
    [room, successor],
  );
  if (successor !== null) await checkRoom(tx, successor);
  await addRetireJob(tx, room);
}

export const addRetireJob = (tx: Queryable, room: RoomId): Promise<void> =>
  addJob(tx, "retire", { room_id: room }, { key: `retire:${room}`, queue: `retire:${room}` });

/**
 * The job `retire`: the tombstone, then everybody out and made to forget. A room in which the bot has no power is
 * shut down through the admin API instead, which can be done to any room.
 */
export async function closeRoom(parts: RoomSteps & { readonly naming: Naming }, room: RoomId): Promise<void> {
  const { database } = parts;
  const found = await database.query<{ successor: ConversationId | null; room_id: RoomId | null }>(
    `SELECT r.successor, c.room_id FROM retired_rooms r LEFT JOIN conversations c ON c.id = r.successor
     WHERE r.room_id = $1`,
    [room],
  );
  const row = found.rows[0];
  if (row === undefined) return;
  if (row.successor !== null && row.room_id === null)
    throw new Error("the room to lead to is still to be made");
  const actual = await loadRoom(database, room);
  if (actual !== null && botRules(actual, parts.bot)) {
    if (row.room_id !== null && actual.state["m.room.tombstone"] === undefined) {
      const content = { body: TOMBSTONE_TEXT, replacement_room: row.room_id };
      await carryOut(parts, room, { step: "state", type: "m.room.tombstone", content });
    }
    for (const step of closingSteps(parts.naming, actual)) await carryOut(parts, room, step);
  } else {
    await shutDown(parts, room, actual);
  }
  await database.query("UPDATE retired_rooms SET retired_at = now() WHERE room_id = $1", [room]);
}

function botRules(actual: ActualRoom, bot: UserId): boolean {
  const levels = actual.state["m.room.power_levels"] as { users?: Record<string, number> } | undefined;
  return actual.members.get(bot)?.membership === "join" && (levels?.users?.[bot] ?? 0) >= 100;
}

/** Everybody out through the admin API ("Delete Room API", version 2), nobody in again. */
async function shutDown(
  parts: RoomSteps & { readonly naming: Naming },
  room: RoomId,
  actual: ActualRoom | null,
): Promise<void> {
  await parts.homeserver.call({
    method: "DELETE",
    path: path`/_synapse/admin/v2/rooms/${room}`,
    body: { block: true, purge: false },
  });
  for (const [user] of actual?.members ?? []) {
    if (isOurs(parts.naming, user)) await carryOut(parts, room, { step: "forget", user });
  }
}
