import { z } from "zod";
import { mayLogin } from "../../policy/callbacks/check-login-for-spam.ts";
import type { PracticeSettings, UserId } from "../../policy/model.ts";
import { type PolicyCallback, userId } from "./callback.ts";

/** What Synapse says of a sign-in: whose, and from which devices, programs and addresses. */
export interface SignIn {
  readonly user_id: UserId;
  readonly device_id?: unknown;
  readonly initial_display_name?: unknown;
  readonly request_info?: unknown;
}

export const checkLoginForSpam = (settings: PracticeSettings): PolicyCallback<SignIn> => ({
  name: "check_login_for_spam",
  body: z.looseObject({ user_id: userId }),
  decide: async ({ directory }, { user_id }) => mayLogin(directory, settings, user_id),
});
