import { z } from "zod";
import { mayInvite } from "../../policy/callbacks/user-may-invite.ts";
import type { PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { type PolicyCallback, roomId, userId } from "./callback.ts";
import type { WhereFewAre } from "./where-few-are.ts";

interface Body {
  readonly inviter: UserId;
  readonly invitee: UserId;
  readonly room_id: RoomId;
}

export const userMayInvite = (
  settings: PracticeSettings,
  whereFewAre: WhereFewAre,
): PolicyCallback<Body> => ({
  name: "user_may_invite",
  body: z.looseObject({ inviter: userId, invitee: userId, room_id: roomId }),
  decide: async ({ directory, roomOf }, { inviter, invitee, room_id }) => {
    const room = await roomOf(room_id);
    const act = { by: inviter, to: invitee, room };
    return whereFewAre(directory, room_id, act, (people, now) =>
      mayInvite(people, settings, { inviter, invitee, room: now }),
    );
  },
});
