-- Who was taken off a custom group because they left its room, and when (the homeserver's milliseconds). When somebody
-- shuts a room down, Synapse has everybody leave as if they did it themselves: that is taken back when it is known.
CREATE TABLE custom_group_leaves (
  conversation_id text NOT NULL REFERENCES conversations ON DELETE CASCADE,
  username        text NOT NULL,
  left_at         bigint NOT NULL,
  PRIMARY KEY (conversation_id, username)
);
