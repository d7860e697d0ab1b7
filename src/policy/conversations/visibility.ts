/**
 * When a conversation leaves a user's list (docs/product-text.md#s22: read conversations "will no longer appear after 3
 * days of inactivity"; unread ones stay for ever). Times are milliseconds since 1970.
 */

export interface Activity {
  /** When anyone last wrote a message; null: nobody ever did. */
  readonly lastActivityAt: number | null;
  /** The user's receipt is at or after the last message from someone else. */
  readonly read: boolean;
}

/** When the conversation will leave the list; null: it will not as things stand. Used to plan the next check. */
export const archivesAt = (activity: Activity, archiveAfter: number): number | null =>
  activity.read && activity.lastActivityAt !== null ? activity.lastActivityAt + archiveAfter : null;

/** Off the list: read, and its last activity is `archiveAfter` or longer ago. */
export function isArchived(activity: Activity, archiveAfter: number, now: number): boolean {
  const at = archivesAt(activity, archiveAfter);
  return at !== null && now >= at;
}
