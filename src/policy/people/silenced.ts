import type { User } from "../model.ts";

/**
 * Is nothing to call this person's attention to a message? Keep Hidden: no notifications. Never Receive suppresses those
 * of groups too (docs/product-text.md, "User Preferences").
 */
export const isSilenced = ({ preferences }: Pick<User, "preferences">): boolean =>
  preferences.keepHidden || preferences.neverReceive;
