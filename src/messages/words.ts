/** Every sentence that Whisper itself says in a room. Plain, short, no ids, no codes, and what to do next. */

export const TOMBSTONE_TEXT = "This conversation goes on in the room that you already had.";

// Alerts
export const alertSeverity = {
  info: { sign: "ℹ️", title: null },
  warning: { sign: "⚠️", title: "Warning" },
  critical: { sign: "🚨", title: "Urgent" },
} as const;

// Custom groups
export const youStay = (group: string, ways: string) =>
  `You are still a member of ${group} ${ways}, so you are back in it. To leave for good, ask a member to remove that group.`;
