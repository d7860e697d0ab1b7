import { UNDER_WAY } from "../../audit/rooms/audit-rooms.ts";
import type { ListedRoom, RoomInspector, RoomRepair } from "../../audit/rooms/room-ports.ts";
import { storable } from "../../base/storable.ts";
import { checkRoom } from "../../conversations/record/queue-checks.ts";
import { carriesConversation, loseRoom } from "../../conversations/record/rooms.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { MatrixEvent } from "../../messages/event.ts";
import { mirrorDirect } from "../../mirror/direct-chats.ts";
import { holdsOthers, SEEN_ROOMS } from "../../mirror/members.ts";
import { aboutToAsk, mirrorForgotten, mirrorNothingKept, mirrorWholeRoom } from "../../mirror/mirror.ts";
import type {
  ActualMember,
  ActualRoom,
  Membership,
  PracticeSettings,
  RoomId,
  UserId,
} from "../../policy/model.ts";
import { isOurs } from "../../policy/names/names.ts";
import type { Database, Transaction } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { withAccount } from "../accounts/accounts.ts";
import { blockedAccounts } from "../accounts/changed-accounts.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";
import { adoptJob } from "./adoption-wait.ts";
import { closeOrphanRooms } from "./orphan-rooms.ts";
import { addRetireJob, retireRoom } from "./retire.ts";
import { adminState } from "./room-steps.ts";

export interface RoomInspectionDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly settings: PracticeSettings;
}

const PAGE = 100;

interface Seen {
  readonly state: readonly MatrixEvent[];
  readonly actual: ActualRoom;
}

/** Rooms as an administrator sees them, which does not depend on the bot being a member. */
function roomInspector(
  dependencies: RoomInspectionDependencies & { readonly directory: DirectorySnapshot },
): RoomInspector {
  const directChats = directChatsOf(dependencies.homeserver);
  return {
    inspect: async (room, direct) => (await look(dependencies, directChats, room, direct))?.actual ?? null,
    rooms: () => listRooms(dependencies.homeserver),
    room: (room) => listedRoom(dependencies.homeserver, room),
    blockedAccounts: () => blockedAccounts(dependencies),
    withAccount: (users) => withAccount(dependencies.database, users),
  };
}

/** Both, for audits that repair. */
export const roomAudit = (
  dependencies: RoomInspectionDependencies & { readonly directory: DirectorySnapshot },
) => ({
  database: dependencies.database,
  directory: dependencies.directory,
  settings: dependencies.settings,
  inspector: () => roomInspector(dependencies),
  repair: roomRepair(dependencies),
});

function roomRepair(
  dependencies: RoomInspectionDependencies & { readonly directory: DirectorySnapshot },
): RoomRepair {
  const { database, settings } = dependencies;
  const intoMirror = async (room: RoomId, direct: ReadonlyMap<UserId, UserId>): Promise<boolean> => {
    const asked = await aboutToAsk(database);
    const seen = await look(dependencies, directChatsOf(dependencies.homeserver), room, direct);
    if (seen === null) return false;
    await database.transaction(async (tx) => {
      await mirrorWholeRoom(tx, room, seen.state, asked);
      await mirrorNothingKept(tx, room);
      for (const [user, { forgotten }] of seen.actual.members) {
        if (forgotten) await mirrorForgotten(tx, room, user);
      }
      for (const user of seen.actual.direct) await mirrorDirect(tx, room, user);
    });
    return true;
  };
  return {
    conversation: async (id, room, direct) => {
      const there = room === null || (await intoMirror(room, direct));
      // A room that is gone from the homeserver is gone for good: the conversation gets another one.
      if (!there) await loseRoom(database, id, room);
      await checkRoom(database, id);
    },
    closed: async (room) => {
      await intoMirror(room, new Map());
      await addRetireJob(database, room);
    },
    unknown: async (room, creator) => {
      await intoMirror(room, new Map());
      if (creator !== null && isOurs(settings, creator)) {
        await addJob(database, "adopt", { room_id: room }, adoptJob(room));
        // A room with only its maker in it has nothing to adopt.
        await closeOrphanRooms(database, dependencies.directory, settings);
      } else
        await database.transaction(async (tx) => {
          if (creator !== settings.bot || !(await isTaken(tx, room, settings.bot)))
            await retireRoom(tx, room, null);
        });
    },
  };
}

/**
 * Does a room that Whisper made belong to a conversation by now, or might it soon? There is a moment between making a
 * room and recording it, and a long one if Whisper was killed in between (see `openRoom`). Only Whisper is in it then.
 */
async function isTaken(tx: Transaction, room: RoomId, bot: UserId): Promise<boolean> {
  const found = await tx.query(
    `SELECT WHERE ${carriesConversation("$1")}
     UNION ALL SELECT FROM (${SEEN_ROOMS}) AS seen
     WHERE room_id = $1 AND seen_at > now() - interval '${UNDER_WAY}' AND NOT ${holdsOthers("$1", "$2")}`,
    [room, bot],
  );
  return found.rowCount !== 0;
}

async function look(
  { homeserver, settings }: RoomInspectionDependencies,
  directChats: DirectChats,
  room: RoomId,
  direct: ReadonlyMap<UserId, UserId>,
): Promise<Seen | null> {
  const state = await wholeState(homeserver, room);
  if (state === null) return null;
  const members = new Map<UserId, ActualMember>();
  const content: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const event of state) {
    if (event.type === "m.room.member") {
      const user = event.state_key as UserId;
      const membership = event.content.membership as Membership;
      const away = membership === "leave" || membership === "ban";
      const forgotten = away && isOurs(settings, user) && !(await canStillRead(homeserver, room, user));
      members.set(user, { membership, forgotten });
    } else if (event.state_key === "") content[event.type] = event.content;
  }
  const create = state.find((event) => event.type === "m.room.create");
  const version = create?.content.room_version;
  const listed = new Set<UserId>();
  for (const [user, other] of direct) if ((await directChats(user)).get(other)?.has(room)) listed.add(user);
  return {
    state,
    actual: {
      roomId: room,
      version: typeof version === "string" ? version : "1",
      creator: create?.sender ?? null,
      state: content,
      members,
      direct: listed,
    },
  };
}

/** Admin API, "Room State API"; null: the room does not exist, or nobody was ever in it. */
async function wholeState(homeserver: Homeserver, room: RoomId): Promise<readonly MatrixEvent[] | null> {
  try {
    const state = await adminState(homeserver, room);
    return state.length === 0 ? null : storable(state);
  } catch (error) {
    if (error instanceof MatrixRefused && error.status === 404) return null;
    throw error;
  }
}

/**
 * Someone who has left without forgetting is served the room as it was when they left; someone who has forgotten it is
 * refused.
 */
async function canStillRead(homeserver: Homeserver, room: RoomId, user: UserId): Promise<boolean> {
  try {
    await homeserver.call({
      method: "GET",
      path: path`/_matrix/client/v3/rooms/${room}/state/m.room.create/`,
      as: user,
    });
    return true;
  } catch (error) {
    if (error instanceof MatrixRefused) return false;
    throw error;
  }
}

type DirectChats = (user: UserId) => Promise<ReadonlyMap<string, ReadonlySet<string>>>;

/** Each user's direct chats, requested once. */
function directChatsOf(homeserver: Homeserver): DirectChats {
  const known = new Map<UserId, ReturnType<DirectChats>>();
  return (user) => {
    const asked = known.get(user) ?? fetchDirect(homeserver, user);
    known.set(user, asked);
    return asked;
  };
}

async function fetchDirect(
  homeserver: Homeserver,
  user: UserId,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  try {
    const content = await homeserver.call<Record<string, unknown>>({
      method: "GET",
      path: path`/_matrix/client/v3/user/${user}/account_data/m.direct`,
      as: user,
    });
    return new Map(
      Object.entries(content).map(([other, rooms]) => [
        other,
        new Set(Array.isArray(rooms) ? rooms.map(String) : []),
      ]),
    );
  } catch (error) {
    if (error instanceof MatrixRefused) return new Map();
    throw error;
  }
}

interface RoomDetails {
  readonly room_id: RoomId;
  readonly creator: UserId | null;
  readonly joined_local_members: number;
}

const listed = (room: RoomDetails): ListedRoom => ({
  roomId: room.room_id,
  creator: room.creator,
  people: room.joined_local_members,
});

/** Admin API, "Room Details API". */
async function listedRoom(homeserver: Homeserver, room: RoomId): Promise<ListedRoom | null> {
  try {
    return listed(
      await homeserver.call<RoomDetails>({ method: "GET", path: path`/_synapse/admin/v1/rooms/${room}` }),
    );
  } catch (error) {
    if (error instanceof MatrixRefused && error.status === 404) return null;
    throw error;
  }
}

/** Admin API, "List Room API". */
async function* listRooms(homeserver: Homeserver): AsyncGenerator<readonly ListedRoom[]> {
  interface Page {
    readonly rooms: readonly RoomDetails[];
    readonly next_batch?: number;
  }
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: Page = await homeserver.call<Page>({
      method: "GET",
      path: path`/_synapse/admin/v1/rooms`,
      query: { order_by: "version", limit: String(PAGE), from: String(from) },
    });
    yield page.rooms.map(listed);
    from = page.next_batch;
  }
}
