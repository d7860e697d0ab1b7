import type { Config } from "../config/schema.ts";
import type { PolicySettings, UserId } from "../policy/model.ts";

/** What the rules need of the configuration. */
export const policySettings = ({ homeserver, practice, custom_groups }: Config): PolicySettings => ({
  serverName: homeserver.server_name,
  userPrefix: homeserver.user_prefix,
  bot: `@${homeserver.bot}:${homeserver.server_name}` as UserId,
  practiceName: practice.name,
  customGroupsEditedBy: custom_groups.edited_by,
});
