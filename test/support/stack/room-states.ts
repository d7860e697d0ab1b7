import { z } from "zod";
import { atSynapse } from "./behind-whisper.ts";
import type { TestStack } from "./stack.ts";

const roomList = z.object({ rooms: z.array(z.object({ room_id: z.string() })) });
const roomState = z.object({ state: z.array(z.looseObject({ type: z.string() })) });

/** What a homeserver administrator sees of every room without reading messages: the list, and each room's state. */
export async function statesOfRooms(stack: TestStack): Promise<{ rooms: string[]; texts: string[] }> {
  const listed = await atSynapse(stack, "GET", "/_synapse/admin/v1/rooms?limit=500");
  const rooms = roomList.parse(listed).rooms.map(({ room_id }) => room_id);
  const texts = [JSON.stringify(listed)];
  for (const room of rooms) {
    const path = `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/state`;
    const { state } = roomState.parse(await atSynapse(stack, "GET", path));
    if (!state.some(({ type }) => type === "m.room.create")) throw new Error(`${room} has no state`);
    texts.push(JSON.stringify(state));
  }
  return { rooms, texts };
}
