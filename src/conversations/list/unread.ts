/**
 * SQL for how far someone has read in a room, as a position: their receipt or their own last message, since people who
 * write have the conversation in front of them. Unknown is 0, so everything counts as unread. The arguments are SQL
 * expressions.
 */
export const READ_TO = (room: string, user: string): string => `greatest(0,
  (SELECT greatest(r.position, (SELECT seq FROM inbox WHERE event_id = r.event_id))
   FROM receipts r WHERE r.room_id = ${room} AND r.user_id = ${user}),
  (SELECT max(own.position) FROM room_messages own
   WHERE own.room_id = ${room} AND own.sender = ${user} AND NOT own.by_whisper))`;
