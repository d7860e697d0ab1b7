import { z } from "zod";
import { mayJoin } from "../../policy/callbacks/user-may-join-room.ts";
import type { PracticeSettings, RoomId, UserId } from "../../policy/model.ts";
import { type PolicyCallback, roomId, userId } from "./callback.ts";

export const userMayJoinRoom = (
  settings: PracticeSettings,
): PolicyCallback<{ readonly user: UserId; readonly room: RoomId }> => ({
  name: "user_may_join_room",
  body: z.looseObject({ user: userId, room: roomId }),
  decide: async ({ directory, roomOf }, { user, room }) =>
    mayJoin(directory, settings, { user, room: await roomOf(room) }),
});
