-- The record: everything that happened, append-only, encrypted, in a chain (docs/decisions/record.md) -----------------------

-- In clear is only what finding and keeping an entry needs. The body is AES-256-GCM, bound to the columns before it.
CREATE TABLE record_entries (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Names what happened for ever, such as an event's id: recorded once, however often it is seen.
  ref          text NOT NULL UNIQUE,
  type         text NOT NULL,
  at           timestamptz(3) NOT NULL,
  actor        text NOT NULL,
  on_behalf_of text,
  room_id      text,
  about        text,
  body         bytea NOT NULL,
  recorded_at  timestamptz(3) NOT NULL DEFAULT now(),
  -- It came long after it happened: Whisper or Synapse was down, or it had to be looked for.
  late         boolean NOT NULL GENERATED ALWAYS AS (recorded_at - at > interval '1 minute') STORED
);

-- An entry's data key, wrapped by a key of the key file. Without its row the body cannot be read, and the chain still holds.
CREATE TABLE record_keys (
  entry_id bigint PRIMARY KEY REFERENCES record_entries (id),
  key_id   text NOT NULL,
  wrapped  bytea NOT NULL
);

-- The keys of the key file that were ever used. A start with another file is noticed.
CREATE TABLE record_key_ids (
  id         text PRIMARY KEY,
  public_key text NOT NULL,
  used_since timestamptz NOT NULL DEFAULT now(),
  -- It is lost for good, and the practice goes on without what it protects.
  given_up_at timestamptz
);

-- Entries that have no place in the chain yet. Written with them, so that nobody need look for them.
CREATE TABLE record_unsealed (
  entry_id bigint PRIMARY KEY REFERENCES record_entries (id)
);

CREATE TABLE record_chain (
  seq      bigint PRIMARY KEY,
  entry_id bigint NOT NULL UNIQUE REFERENCES record_entries (id),
  previous text NOT NULL,
  hash     text NOT NULL
);

CREATE TABLE record_checkpoints (
  seq       bigint PRIMARY KEY REFERENCES record_chain (seq),
  hash      text NOT NULL,
  at        timestamptz(3) NOT NULL,
  key_id    text NOT NULL,
  signature text NOT NULL
);

CREATE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the record is append-only';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_entries
  FOR EACH STATEMENT EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_chain
  FOR EACH STATEMENT EXECUTE FUNCTION record_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON record_checkpoints
  FOR EACH STATEMENT EXECUTE FUNCTION record_is_append_only();
