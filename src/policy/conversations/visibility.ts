/**
 * When a conversation leaves a user's list (docs/product-text.md#s22: read conversations "will no longer appear after 3 days
 * of inactivity"; unread ones stay for ever). Times in milliseconds since 1970.
 */

export interface Activity {
  /** The newest message of anybody; null: nothing was ever written. */
  readonly lastActivityAt: number | null;
  /** The user's receipt is at or after the last message of another. */
  readonly read: boolean;
}

/** When the conversation leaves the list, or null: not as things stand. For planning when to look again. */
export const archivesAt = (activity: Activity, archiveAfter: number): number | null =>
  activity.read && activity.lastActivityAt !== null ? activity.lastActivityAt + archiveAfter : null;

/** Out of the list: read, and its last activity `archiveAfter` ago or longer. */
export function isArchived(activity: Activity, archiveAfter: number, now: number): boolean {
  const at = archivesAt(activity, archiveAfter);
  return at !== null && now >= at;
}
