-- patients: what was said about whom ---------------------------------------------------------------------------------------

-- Messages that name patients, as they are now, for the medical record. They stay as long as Synapse keeps the messages.
CREATE TABLE patient_messages (
  event_id        text PRIMARY KEY,
  room_id         text NOT NULL,
  conversation_id text NOT NULL,
  kind            text NOT NULL,
  -- The user name of whoever wrote it.
  sender          text NOT NULL,
  sent_at         timestamptz NOT NULL,
  -- As the message names them, whatever was merged since.
  patient_ids     text[] NOT NULL,
  -- The event that the text comes from: the message, or its last correction.
  version         text NOT NULL,
  -- NULL: deleted.
  body            text,
  deleted_at      timestamptz,
  CHECK ((body IS NULL) = (deleted_at IS NOT NULL))
);
CREATE INDEX patient_messages_by_patient ON patient_messages USING gin (patient_ids);
CREATE INDEX patient_messages_by_version ON patient_messages (version);
