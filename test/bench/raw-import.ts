import { z } from "zod";
import { inParallel } from "../../src/base/in-parallel.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { accountOf, homeserver, rowsOf } from "./bench-stack.ts";
import { silentAppservice } from "./silent-appservice.ts";

/** As many calls at a time as Whisper makes. */
const AT_ONCE = 8;

const stateEvents = z.array(
  z.object({ type: z.string(), state_key: z.string(), content: z.record(z.string(), z.unknown()) }),
);
type StateEvents = z.infer<typeof stateEvents>;

/** A room that Whisper made and filled. */
interface Room {
  readonly roomId: string;
  readonly state: StateEvents;
  /** The staff in it. */
  readonly members: readonly string[];
}

/** Milliseconds. */
export interface RawImport {
  readonly accounts: number;
  readonly joins: number;
}

/**
 * Makes the accounts and the shared rooms again for as many new people, with the plain calls that need the least: the
 * same state in each room, and one call for each member. Afterwards Whisper stays away.
 * @throws if a room has not become like Whisper's.
 */
export async function rawImport(stack: TestStack, people: ReadonlyMap<string, string>): Promise<RawImport> {
  const rooms = await sharedRooms(stack);
  const endService = await silentAppservice(stack);
  const synapse = homeserver(stack, AT_ONCE);
  const other = (user: string) => user.replace("staff.", "raw.");
  try {
    const accounts = await timed(() =>
      inParallel([...people], AT_ONCE, ([username, name]) =>
        synapse.call(
          "PUT",
          `/_synapse/admin/v2/users/${encodeURIComponent(other(stack.userId(username)))}`,
          accountOf(stack, username, name),
        ),
      ),
    );
    let made: string[] = [];
    const joins = await timed(async () => {
      made = await inParallel(rooms, AT_ONCE, async ({ state, members }) => {
        const { room_id } = z
          .object({ room_id: z.string() })
          .parse(await synapse.call("POST", "/_matrix/client/v3/createRoom", likeIt(state)));
        const path = `/_synapse/admin/v1/join/${encodeURIComponent(room_id)}`;
        for (const member of members) await synapse.call("POST", path, { user_id: other(member) });
        return room_id;
      });
    });
    for (const [index, { roomId, state }] of rooms.entries()) {
      const raw = await stateOf(stack, made[index] ?? "");
      if (outline(raw) !== outline(state)) throw new Error(`the raw room is not like ${roomId}`);
    }
    return { accounts, joins };
  } finally {
    synapse.close();
    await endService();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The large ones first, as they take longest. */
async function sharedRooms(stack: TestStack): Promise<Room[]> {
  const found = await rowsOf<{ room_id: string }>(
    stack,
    "SELECT room_id FROM conversations WHERE kind IN ('group', 'alerts') AND room_id IS NOT NULL",
  );
  const rooms: Room[] = [];
  for (const { room_id: roomId } of found) {
    const state = await stateOf(stack, roomId);
    const members = state.flatMap(({ type, state_key, content }) =>
      type === "m.room.member" && content.membership === "join" && state_key.includes("staff.")
        ? [state_key]
        : [],
    );
    rooms.push({ roomId, state, members });
  }
  return rooms.toSorted((one, two) => two.members.length - one.members.length);
}

async function stateOf(stack: TestStack, roomId: string): Promise<StateEvents> {
  const response = await fetch(
    `${stack.synapse}/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/state`,
    { headers: { authorization: `Bearer ${stack.appserviceToken}` } },
  );
  return stateEvents.parse(await response.json());
}

/** The call that makes a room with this state, without its members. */
function likeIt(state: StateEvents): object {
  const others = ["m.room.create", "m.room.member", "m.room.power_levels"];
  return {
    room_version: "11",
    preset: "private_chat",
    creation_content: { "m.federate": false },
    power_level_content_override: state.find(({ type }) => type === "m.room.power_levels")?.content,
    initial_state: state.filter(({ type }) => !others.includes(type)),
  };
}

/** The room's state, whoever its members are. */
const outline = (state: StateEvents): string =>
  JSON.stringify(
    state
      .map(({ type, content }) => [type, type === "m.room.member" ? content.membership : content])
      .toSorted((one, two) => JSON.stringify(one).localeCompare(JSON.stringify(two))),
  );
