-- Which events show a file: what the read gate serves files by. One row for each file in each event.
CREATE TABLE media (
  server    text NOT NULL,
  media_id  text NOT NULL,
  event_id  text NOT NULL,
  room_id   text NOT NULL,
  sender    text NOT NULL,
  -- The portrait of the sender, not a message.
  portrait  boolean NOT NULL DEFAULT false,
  -- The rooms in which the sender could see the file when they posted it: what makes a forwarded file an honest one.
  seen_in   text[] NOT NULL DEFAULT '{}',
  -- The event was redacted. The row stays.
  hidden_at timestamptz,
  PRIMARY KEY (server, media_id, event_id)
);
CREATE INDEX media_by_event ON media (event_id);
