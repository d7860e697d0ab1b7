import type { Config } from "../config/schema.ts";
import type { PracticeSettings, UserId } from "../policy/model.ts";

/** What the rules need from the configuration. */
export const practiceSettings = ({ homeserver, practice, custom_groups }: Config): PracticeSettings => ({
  serverName: homeserver.server_name,
  userPrefix: homeserver.user_prefix,
  bot: `@${homeserver.bot}:${homeserver.server_name}` as UserId,
  practiceName: practice.name,
  customGroupsEditedBy: custom_groups.edited_by,
});
