import { z } from "zod";
import { mayCreateRoom } from "../../policy/callbacks/user-may-create-room.ts";
import type { PracticeSettings, UserId } from "../../policy/model.ts";
import { type PolicyCallback, userId } from "./callback.ts";

export const userMayCreateRoom = (
  settings: PracticeSettings,
): PolicyCallback<{ readonly user_id: UserId }> => ({
  name: "user_may_create_room",
  body: z.looseObject({ user_id: userId }),
  decide: async ({ directory }, { user_id }) => mayCreateRoom(directory, settings, user_id),
});
