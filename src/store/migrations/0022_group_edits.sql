-- The newest edit of each part of a custom group, in milliseconds: of an event the homeserver's time, else ours. Events
-- may come late (Whisper was down); what was decided after they happened stands.
CREATE TABLE custom_group_edits (
  conversation_id text NOT NULL REFERENCES conversations ON DELETE CASCADE,
  kind            text NOT NULL CHECK (kind IN ('name', 'user', 'security_group', 'custom_group')),
  member          text NOT NULL,
  edited_at       bigint NOT NULL,
  PRIMARY KEY (conversation_id, kind, member)
);

-- Of a group that was made from a room: the moment of the room's newest state then. Older events are part of it.
ALTER TABLE conversations ADD COLUMN made_from bigint NOT NULL DEFAULT 0;
