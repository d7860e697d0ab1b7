import { checkRoom, checkRoomPromptly } from "../../conversations/record/queue-checks.ts";
import { successorOf } from "../../conversations/record/retired-rooms.ts";
import { conversationOfRoom } from "../../conversations/record/store.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import { carryOverLate } from "../../messages/carry-over.ts";
import type { EventHandler, MatrixEvent } from "../../messages/event.ts";
import { isSaid } from "../../messages/said.ts";
import { botIsToCome } from "../../mirror/members.ts";
import { mirrorEvent, type News } from "../../mirror/mirror.ts";
import { mayJoin } from "../../policy/callbacks/user-may-join-room.ts";
import type { Conversation, PracticeSettings, UserId } from "../../policy/model.ts";
import type { Transaction } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
import { adoptJob } from "./adoption-wait.ts";
import { addRetireJob } from "./retire.ts";

/**
 * A room is made event by event, one per invited person. After this many milliseconds without another event, it counts
 * as complete; the first message shows that immediately (see callbacks.ts).
 */
const SETTLE = 1_500;

export interface RoomEventDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
}

/**
 * Keeps the mirror, and queues a check of a room when something in it differs from what Whisper itself did. A room that
 * belongs to no conversation was made by a user in a client, and is adopted.
 */
export function roomEvents(dependencies: RoomEventDependencies): EventHandler {
  const { bot } = dependencies.settings;
  return {
    name: "rooms",
    handle: async (tx, event) => {
      const news = await mirrorEvent(tx, event);
      const changed = news !== "nothing";
      const said = event.state_key === undefined;
      if (!changed && !said) return;
      const known = await conversationOfRoom(tx, event.room_id);
      if (known !== null) {
        const { kind, id } = known.conversation;
        if (
          said &&
          (kind === "individual" || kind === "custom") &&
          (await botIsToCome(tx, event.room_id, bot))
        )
          await checkRoomPromptly(tx, id);
        else if (changed && !(await isExpected(dependencies, tx, known.conversation, news, event)))
          await checkRoom(tx, id);
        return;
      }
      if (!changed && !isSaid(event)) return;
      const closed = await successorOf(tx, event.room_id);
      if (closed !== null) {
        if (closed.successor !== null) await carryOverLate(tx, event, closed.successor);
        if (changed) await addRetireJob(tx, event.room_id);
        return;
      }
      // One of Whisper's own rooms, about to be recorded.
      if (event.sender === bot) return;
      await addJob(
        tx,
        "adopt",
        { room_id: event.room_id },
        {
          ...adoptJob(event.room_id),
          runAt: new Date(Date.now() + SETTLE),
        },
      );
    },
  };
}

/**
 * Is this about someone whom Whisper is just letting in, and who still belongs there? The job that lets them in takes
 * care of the rest. Someone who no longer belongs may join late, after an abandoned call, and is removed again.
 */
async function isExpected(
  { directory, settings }: RoomEventDependencies,
  tx: Transaction,
  conversation: Conversation,
  news: News,
  { state_key }: MatrixEvent,
): Promise<boolean> {
  if (news !== "awaited") return false;
  const room = { room: "managed", conversation } as const;
  return mayJoin(await directory.within(tx), settings, { user: state_key as UserId, room }).allowed;
}
