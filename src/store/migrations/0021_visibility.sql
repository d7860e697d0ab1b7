-- What was said where, without what was said: for counting the unread. Positions are those of the inbox.
CREATE TABLE room_messages (
  room_id    text NOT NULL,
  position   bigint NOT NULL,
  event_id   text NOT NULL UNIQUE,
  sender     text NOT NULL,
  -- Sent by Whisper in the sender's name: they need not have seen what stood above it.
  by_whisper boolean NOT NULL,
  removed    boolean NOT NULL DEFAULT false,
  PRIMARY KEY (room_id, position)
);
CREATE INDEX room_messages_by_sender ON room_messages (room_id, sender, position);

-- How far a user has read. NULL: the event that they read up to is not known yet.
ALTER TABLE receipts ADD COLUMN position bigint;

-- A room as one user has it before them.
CREATE TABLE room_views (
  room_id   text NOT NULL,
  user_id   text NOT NULL,
  -- The position of their coming; what is older can be read, but is not counted as unread.
  since     bigint NOT NULL DEFAULT 0,
  -- When they last opened the conversation anew.
  opened_at timestamptz,
  -- Out of their list, and whether the tag in their account says so.
  archived  boolean NOT NULL DEFAULT false,
  tagged    boolean NOT NULL DEFAULT false,
  PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_views_archived ON room_views (room_id) WHERE archived;
CREATE INDEX room_views_to_tag ON room_views (room_id) WHERE archived <> tagged;
CREATE INDEX conversations_by_activity ON conversations (last_activity_at) WHERE room_id IS NOT NULL;
