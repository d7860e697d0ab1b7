import type { Logger } from "pino";
import { followTags } from "../conversations/list/tags.ts";
import { roomQueue } from "../conversations/record/queue-checks.ts";
import { checkRoomLater, continueLane } from "../conversations/record/room-checks.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { EventHandler } from "../messages/event.ts";
import { drainInbox } from "../messages/inbox.ts";
import type { ConversationId, PracticeSettings, RoomId, UserId, Username } from "../policy/model.ts";
import { type Database, isDatabaseDown } from "../store/database.ts";
import type { InTurn, JobPayloads } from "../store/jobs.ts";
import { drainAccounts } from "./access/account-checks.ts";
import { followDirectory } from "./access/follow-directory.ts";
import { letIn } from "./access/let-in.ts";
import { type Homeserver, HomeserverAway } from "./homeserver/homeserver.ts";
import { withPrecedence } from "./homeserver/precedence.ts";
import { adoptRoom } from "./rooms/adoption.ts";
import { announceChecked, whenReadersAreIn } from "./rooms/everybody-in.ts";
import { closeOrphanRooms } from "./rooms/orphan-rooms.ts";
import { type RoomTaken, reconcileRoom } from "./rooms/reconciler.ts";
import { repairNow } from "./rooms/repair-now.ts";
import { closeRoom } from "./rooms/retire.ts";
import { drainLane } from "./rooms/room-lanes.ts";
import { drainOutbox } from "./sending/outbox-sender.ts";
import { roomTags } from "./sending/room-tags.ts";

export interface MatrixTaskDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly handlers: readonly EventHandler[];
  readonly roomTaken: RoomTaken;
  readonly log: Logger;
}

/** The longest that a call gives way, in milliseconds: in a large practice someone is always waiting for something. */
const PATIENCE = 1_000;

type MatrixJob =
  | "inbox"
  | "outbox"
  | "accounts"
  | "room"
  | "rooms"
  | "rooms_of"
  | "retire"
  | "adopt"
  | "orphan"
  | "tags"
  | "conversations";

/** The jobs that carry decisions to the homeserver, and its events to the features. */
export function matrixTasks(dependencies: MatrixTaskDependencies): {
  readonly [Name in MatrixJob]: (payload: JobPayloads[Name], inTurn: InTurn) => Promise<void>;
} {
  const { database, directory, settings, handlers, log } = dependencies;
  const { first: homeserver, behind } = withPrecedence(dependencies.homeserver, PATIENCE);
  const rooms = { ...dependencies, homeserver, behind };
  return {
    inbox: ({ room_id }) => drainInbox(database, handlers, log, room_id),
    outbox: ({ conversation_id }, inTurn) =>
      drainOutbox(
        {
          database,
          homeserver,
          bot: settings.bot,
          // Never while the room's own job runs: Synapse would refuse each what the other has just done.
          repair: (id, sender) => inTurn(roomQueue(id), () => repairNow(rooms, id, sender)),
          whenReadersAreIn: (id) => whenReadersAreIn({ database, directory, settings }, id),
          onDropped: ({ type, errcode }) =>
            log.error({ type, errcode }, "a send was refused for good and is a dead letter now"),
        },
        conversation_id as ConversationId,
      ),
    accounts: () => drainAccounts(rooms),
    room: async ({ conversation_id, begun_by }) => {
      const id = conversation_id as ConversationId;
      if (await reconcileRoom(rooms, id, undefined, begun_by as UserId | undefined))
        await database.transaction((tx) => checkRoomLater(tx, id));
      await announceChecked(database, id);
    },
    rooms: async ({ lane }, inTurn) => {
      const look = (id: ConversationId) => reconcileRoom({ ...rooms, homeserver: behind }, id);
      const next = await drainLane({ database, log, look, isAway }, lane, inTurn);
      if (next !== null) await continueLane(database, lane, next);
    },
    rooms_of: ({ username }, inTurn) => letIn(rooms, username as Username, inTurn),
    adopt: ({ room_id }, inTurn) => adoptRoom(rooms, room_id as RoomId, inTurn),
    orphan: async ({ room_id }) => {
      await closeOrphanRooms(database, directory, settings, room_id as RoomId);
    },
    retire: ({ room_id }) => closeRoom(rooms, room_id as RoomId),
    tags: ({ room_id }) => followTags(database, roomTags(homeserver), room_id as RoomId),
    conversations: () => followDirectory({ database, directory, settings }),
  };
}

const isAway = (error: unknown) => error instanceof HomeserverAway || isDatabaseDown(error);
