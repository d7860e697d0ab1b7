import { z } from "zod";
import { redactedBy } from "../../messages/relation.ts";
import { mayWriteEvent } from "../../policy/callbacks/check-event-for-spam.ts";
import { mayCreateRoom } from "../../policy/callbacks/user-may-create-room.ts";
import type { EventId, PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { type PolicyCallback, roomId, userId } from "./callback.ts";
import type { WhereFewAre } from "./where-few-are.ts";

const bodySchema = z.looseObject({
  event: z.looseObject({
    sender: userId,
    room_id: roomId.optional(),
    type: z.string(),
    state_key: z.string().optional(),
    content: z.record(z.string(), z.unknown()),
    redacts: z.string().optional(),
  }),
});

/**
 * @param adopt adopts a room that a user made, and waits until that is done, for a bounded time.
 * @param isPresentState is an event what the room now is, or the user's own membership?
 */
export const checkEventForSpam = (
  settings: PracticeSettings,
  whereFewAre: WhereFewAre,
  adopt: (room: RoomId) => Promise<void>,
  isPresentState: (room: RoomId, user: UserId, event: EventId) => Promise<boolean>,
): PolicyCallback<z.output<typeof bodySchema>> => ({
  name: "check_event_for_spam",
  body: bodySchema,
  decide: async ({ directory, roomOf }, { event }) => {
    const { sender, type, content } = event;
    const state = event.state_key !== undefined;
    // The create event comes before there is a room.
    if (event.room_id === undefined) return mayCreateRoom(directory, settings, sender);
    let room = await roomOf(event.room_id);
    // A message into a room that is not ours yet: the room is adopted first, so that the rules apply to the message.
    // State never waits for adoption, which itself writes state.
    if (!room.settled && !state && sender !== settings.bot) {
      await adopt(event.room_id);
      room = await roomOf(event.room_id);
    }
    const undecided = !room.settled;
    const redacted = redactedBy({
      type,
      content,
      ...(event.redacts && { redacts: event.redacts as EventId }),
    });
    const removesState = redacted !== null && (await isPresentState(event.room_id, sender, redacted));
    const act = { by: sender, room, names: state };
    return whereFewAre(directory, event.room_id, act, (people, now) =>
      mayWriteEvent(people, settings, { sender, type, state, content, room: now, undecided, removesState }),
    );
  },
});
