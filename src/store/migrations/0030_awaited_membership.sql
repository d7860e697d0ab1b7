-- What Whisper is making of a member at this moment: the event of it may be handled before the homeserver has answered.
ALTER TABLE room_members ADD COLUMN awaited text;
