-- The room that a send went into: what is about an event can only be said in that event's room.
ALTER TABLE outbox ADD COLUMN room_id text;
