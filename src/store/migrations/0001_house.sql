-- The directory, as HealthTrack sent it.
CREATE TABLE users (
  username    text PRIMARY KEY,
  name        text NOT NULL,
  role        text,
  email       text,
  mobile      text,
  active      boolean NOT NULL DEFAULT true,
  permissions text[] NOT NULL DEFAULT '{}',
  doctor      boolean NOT NULL DEFAULT false,
  locations   text[] NOT NULL DEFAULT '{}',
  changed_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE security_groups (
  id          text PRIMARY KEY,
  name        text NOT NULL,
  permissions text[] NOT NULL DEFAULT '{}',
  changed_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE security_group_members (
  group_id text NOT NULL REFERENCES security_groups ON DELETE CASCADE,
  username text NOT NULL REFERENCES users ON DELETE CASCADE,
  PRIMARY KEY (group_id, username)
);
CREATE INDEX security_group_members_by_user ON security_group_members (username);

CREATE TABLE preferences (
  username               text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  open_on_message        boolean NOT NULL DEFAULT false,
  keep_hidden            boolean NOT NULL DEFAULT false,
  never_receive          boolean NOT NULL DEFAULT false,
  open_on_startup        boolean NOT NULL DEFAULT false,
  patient_arrived_alerts text CHECK (patient_arrived_alerts IN ('off', 'own', 'location', 'all'))
);

-- Counts every change of what the rules look at. Whoever holds the directory in memory compares it.
CREATE TABLE directory_revision (
  "only"   boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  revision bigint NOT NULL DEFAULT 0
);
INSERT INTO directory_revision DEFAULT VALUES;

-- The accounts on the homeserver as they are: what was carried out and confirmed.
CREATE TABLE accounts (
  user_id      text PRIMARY KEY,
  display_name text NOT NULL,
  locked       boolean NOT NULL DEFAULT false,
  muted        boolean NOT NULL DEFAULT false,
  created_at   timestamptz NOT NULL DEFAULT now()
);

-- Accounts to look at, since the directory changed. Due again: a new number.
CREATE TABLE account_checks (
  user_id  text PRIMARY KEY,
  seq      bigint GENERATED ALWAYS AS IDENTITY,
  attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX account_checks_in_order ON account_checks ((attempts > 0), attempts, seq);
CREATE UNIQUE INDEX account_checks_by_number ON account_checks (seq);

CREATE TABLE conversations (
  id               text PRIMARY KEY DEFAULT gen_random_uuid()::text,
  kind             text NOT NULL CHECK (kind IN ('alerts','arrivals','individual','group','custom','control','admin')),
  -- What makes it the only one of its kind: 'control:<user>', 'individual:<a>|<b>', ...
  natural_key      text NOT NULL UNIQUE,
  username         text REFERENCES users,
  other_username   text REFERENCES users,
  security_group   text,
  name             text,
  created_by       text REFERENCES users,
  revision         bigint NOT NULL DEFAULT 1,
  room_id          text UNIQUE,
  -- Set and committed before createRoom is called: a room may exist that we have not been told of.
  creating_since   timestamptz,
  last_activity_at timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX conversations_by_user ON conversations (username);
CREATE INDEX conversations_by_other_user ON conversations (other_username);
CREATE INDEX conversations_by_security_group ON conversations (security_group);
-- The few that any change of the directory may touch.
CREATE INDEX conversations_of_many ON conversations (kind) WHERE kind IN ('alerts', 'admin', 'custom');

-- Rooms to look at when the accounts that are due have been made: filling them earlier would be half the work twice.
CREATE TABLE room_checks (
  conversation_id text PRIMARY KEY REFERENCES conversations ON DELETE CASCADE
);

CREATE TABLE custom_group_members (
  conversation_id text NOT NULL REFERENCES conversations ON DELETE CASCADE,
  kind            text NOT NULL CHECK (kind IN ('user', 'security_group', 'custom_group')),
  member          text NOT NULL,
  PRIMARY KEY (conversation_id, kind, member)
);

-- The mirror of the rooms, kept by the transactions: what is known here is not asked of the homeserver.
CREATE TABLE rooms (
  room_id    text PRIMARY KEY,
  version    text NOT NULL,
  creator    text,
  seen_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE room_state (
  room_id  text NOT NULL,
  type     text NOT NULL,
  content  jsonb NOT NULL,
  event_id text NOT NULL,
  -- When the homeserver made the event (its milliseconds).
  made_at  bigint NOT NULL DEFAULT 0,
  -- Whisper did this and the events are still on their way: what comes until then is older news (see mirror.ts).
  ahead_until timestamptz,
  PRIMARY KEY (room_id, type)
);

CREATE TABLE room_members (
  room_id    text NOT NULL,
  user_id    text NOT NULL,
  membership text NOT NULL,
  forgotten  boolean NOT NULL DEFAULT false,
  direct     boolean NOT NULL DEFAULT false,
  event_id   text NOT NULL,
  made_at    bigint NOT NULL DEFAULT 0,
  ahead_until timestamptz,
  PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_members_by_user ON room_members (user_id, membership);

-- Rooms that are closed for good, and the conversation that their tombstone leads to. Kept, so that what is still
-- said in them is never taken for a new conversation.
CREATE TABLE retired_rooms (
  room_id    text PRIMARY KEY,
  successor  text REFERENCES conversations,
  since      timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz
);

-- What users have read (m.read and m.read.private), the newest receipt of each user and room.
CREATE TABLE receipts (
  room_id  text NOT NULL,
  user_id  text NOT NULL,
  event_id text NOT NULL,
  read_at  timestamptz NOT NULL,
  PRIMARY KEY (room_id, user_id)
);

-- The inbox: every event that Synapse sent, stored before Synapse gets its answer.
CREATE TABLE inbox (
  seq              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id         text NOT NULL UNIQUE,
  room_id          text NOT NULL,
  type             text NOT NULL,
  event            jsonb NOT NULL,
  received_at      timestamptz NOT NULL DEFAULT now(),
  handled_at       timestamptz,
  attempts         integer NOT NULL DEFAULT 0,
  retry_at         timestamptz,
  parked_at        timestamptz,
  last_error       text
);
CREATE INDEX inbox_waiting ON inbox (room_id, seq) WHERE handled_at IS NULL AND parked_at IS NULL;
CREATE INDEX inbox_by_room ON inbox (room_id, seq);
CREATE INDEX inbox_parked ON inbox (seq) WHERE parked_at IS NOT NULL;

-- The outbox: every event that Whisper sends. `ref` is derived from the row that caused the send.
CREATE TABLE outbox (
  seq             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ref             text NOT NULL UNIQUE,
  conversation_id text NOT NULL REFERENCES conversations,
  as_user         text,
  type            text NOT NULL,
  content         jsonb NOT NULL,
  -- The send that this one reacts to, redacts or answers; its event id is filled in when it is known.
  target_ref      text,
  target_event    text,
  event_id        text,
  queued_at       timestamptz NOT NULL DEFAULT now(),
  attempted_at    timestamptz,
  attempts        integer NOT NULL DEFAULT 0,
  sent_at         timestamptz,
  dropped_at      timestamptz,
  last_error      text
);
CREATE INDEX outbox_waiting ON outbox (conversation_id, seq) WHERE sent_at IS NULL AND dropped_at IS NULL;
CREATE INDEX outbox_by_event ON outbox (event_id);

CREATE TABLE api_keys (
  id         text PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  digest     bytea NOT NULL UNIQUE,
  scopes     text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

CREATE TABLE idempotency_keys (
  api_key_id   text NOT NULL REFERENCES api_keys ON DELETE CASCADE,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  status       integer,
  response     jsonb,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (api_key_id, key)
);
