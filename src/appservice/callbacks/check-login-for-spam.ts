import { z } from "zod";
import { mayLogin } from "../../policy/callbacks/check-login-for-spam.ts";
import type { PracticeSettings, UserId } from "../../policy/model.ts";
import { type PolicyCallback, userId } from "./callback.ts";

export const checkLoginForSpam = (
  settings: PracticeSettings,
): PolicyCallback<{ readonly user_id: UserId }> => ({
  name: "check_login_for_spam",
  body: z.looseObject({ user_id: userId }),
  decide: async ({ directory }, { user_id }) => mayLogin(directory, settings, user_id),
});
