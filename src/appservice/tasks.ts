import type { Logger } from "pino";
import { followChange } from "../conversations/affected.ts";
import { followTags } from "../conversations/tags.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { EventHandler } from "../messages/event.ts";
import type { ConversationId, PolicySettings, RoomId } from "../policy/model.ts";
import type { Database } from "../store/database.ts";
import type { JobPayloads } from "../store/jobs.ts";
import { drainAccounts } from "./account-checks.ts";
import { adoptRoom } from "./adoption.ts";
import type { Homeserver } from "./homeserver.ts";
import { drainInbox } from "./inbox.ts";
import { drainOutbox } from "./outbox-sender.ts";
import { type RoomTaken, reconcileRoom } from "./reconciler.ts";
import { repairNow } from "./repair-now.ts";
import { closeRoom } from "./retire.ts";
import { roomTags } from "./room-tags.ts";

export interface MatrixTaskParts {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly directory: DirectorySnapshot;
  readonly settings: PolicySettings;
  readonly handlers: readonly EventHandler[];
  readonly roomTaken: RoomTaken;
  readonly log: Logger;
}

type MatrixJob = "inbox" | "outbox" | "accounts" | "room" | "retire" | "adopt" | "tags" | "conversations";

/** The jobs that carry what was decided to the homeserver, and what it sent to the features. */
export function matrixTasks(parts: MatrixTaskParts): {
  readonly [Name in MatrixJob]: (payload: JobPayloads[Name]) => Promise<void>;
} {
  const { database, homeserver, directory, settings, handlers, log } = parts;
  const rooms = { ...parts, bot: settings.bot };
  return {
    inbox: ({ room_id }) => drainInbox(database, handlers, log, room_id),
    outbox: ({ conversation_id }) =>
      drainOutbox(
        {
          database,
          homeserver,
          bot: settings.bot,
          repair: (id, sender) => repairNow(rooms, id, sender),
          onDropped: ({ type, errcode }) =>
            log.error({ type, errcode }, "a send was refused for good and is a dead letter now"),
        },
        conversation_id as ConversationId,
      ),
    accounts: () => drainAccounts(parts),
    room: ({ conversation_id }) => reconcileRoom(rooms, conversation_id as ConversationId),
    adopt: ({ room_id }) => adoptRoom(rooms, room_id as RoomId),
    retire: ({ room_id }) => closeRoom(rooms, room_id as RoomId),
    tags: ({ room_id }) => followTags(database, roomTags(homeserver), room_id as RoomId),
    conversations: async (change) => followChange(database, await directory.fresh(), settings, change),
  };
}
