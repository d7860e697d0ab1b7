import { z } from "zod";
import { refused, type UserId } from "../../policy/model.ts";
import * as words from "../../policy/words.ts";
import { type PolicyCallback, userId } from "./callback.ts";

/** People of the practice are invited by their accounts. */
export const userMaySend3pidInvite = (): PolicyCallback<{ readonly inviter: UserId }> => ({
  name: "user_may_send_3pid_invite",
  body: z.looseObject({ inviter: userId }),
  decide: async () => refused(words.notByEmail),
});
