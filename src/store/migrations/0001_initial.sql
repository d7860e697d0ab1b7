-- The schema, in sections by owner: the folder of src/ whose functions read and write these tables. Others ask those
-- functions. dev/lint/table-owners.ts checks who owns which table.

-- directory: users, groups and preferences, as HealthTrack sent them ---------------------------------------------------

CREATE TABLE users (
  username    text PRIMARY KEY,
  name        text NOT NULL,
  role        text,
  email       text,
  mobile      text,
  active      boolean NOT NULL DEFAULT true,
  permissions text[] NOT NULL DEFAULT '{}',
  doctor      boolean NOT NULL DEFAULT false,
  -- Other ids by which a booking's `doctor` may name a user: HealthTrack's internal doctor id, a provider number.
  doctor_ids  text[] NOT NULL DEFAULT '{}',
  locations   text[] NOT NULL DEFAULT '{}'
);
-- Names are found however they are spelled. PostgreSQL folds ASCII letters only, so that the locale of the database
-- makes no difference. The few names with other letters are compared by Whisper itself.
CREATE INDEX users_by_spelling ON users
  (translate(username, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'));
CREATE INDEX users_beyond_ascii ON users (username) WHERE octet_length(username) <> char_length(username);
CREATE INDEX users_with_doctor_ids ON users (username) WHERE doctor_ids <> '{}';

CREATE TABLE security_groups (
  id          text PRIMARY KEY,
  name        text NOT NULL,
  permissions text[] NOT NULL DEFAULT '{}',
  -- Whoever is added to the directory becomes a member.
  everyone    boolean NOT NULL DEFAULT false
);
CREATE INDEX security_groups_by_spelling ON security_groups
  (translate(id, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'));
CREATE INDEX security_groups_beyond_ascii ON security_groups (id) WHERE octet_length(id) <> char_length(id);

-- Default holds AccessWhisper and everyone, until HealthTrack sends it with its own members.
INSERT INTO security_groups (id, name, permissions, everyone) VALUES ('Default', 'Default', '{AccessWhisper}', true);

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

-- Counts the changes to what the rules read. A process that holds the directory in memory compares it.
CREATE TABLE directory_revision (
  "only"   boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  revision bigint NOT NULL DEFAULT 0
);
INSERT INTO directory_revision DEFAULT VALUES;

-- What changed, revision by revision. One job follows what has not been followed yet. A process that holds the directory
-- in memory reads what is newer than what it knows, so rows stay for a while after that.
CREATE TABLE directory_changes (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision   bigint NOT NULL,
  -- 'members': who is in a security group, and nothing else about it.
  kind       text NOT NULL CHECK (kind IN ('user', 'security_group', 'members', 'custom_group')),
  subject    text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  followed   boolean NOT NULL DEFAULT false
);
CREATE INDEX directory_changes_by_revision ON directory_changes (revision);
CREATE INDEX directory_changes_to_follow ON directory_changes (seq) WHERE NOT followed;

-- conversations/record: which conversations there are, and whose turn it is to be checked ------------------------------

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
  -- Committed before createRoom is called: there may be a room that Whisper has not heard of.
  creating_since   timestamptz,
  last_activity_at timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  -- Of a group made from a room: when the newest state of the room was made (the homeserver's milliseconds). Older
  -- events are already part of the group.
  made_from        bigint NOT NULL DEFAULT 0
);
CREATE INDEX conversations_by_user ON conversations (username);
CREATE INDEX conversations_by_other_user ON conversations (other_username);
CREATE INDEX conversations_by_security_group ON conversations (security_group);
-- The few that any change of the directory may touch.
CREATE INDEX conversations_of_many ON conversations (kind) WHERE kind IN ('alerts', 'admin', 'custom');
CREATE INDEX conversations_by_activity ON conversations (last_activity_at) WHERE room_id IS NOT NULL;

-- Accounts to check since the directory changed. One that becomes due again gets a new number.
CREATE TABLE account_checks (
  user_id  text PRIMARY KEY,
  seq      bigint GENERATED ALWAYS AS IDENTITY,
  attempts integer NOT NULL DEFAULT 0,
  -- To be locked: checked before the accounts to be made, of which there may be thousands.
  locks    boolean NOT NULL DEFAULT false
);
CREATE INDEX account_checks_in_order ON account_checks ((attempts > 0), locks DESC, attempts, seq);
CREATE UNIQUE INDEX account_checks_by_number ON account_checks (seq);

-- Rooms to check for which nobody waits, by rank, then in the order in which they came. Several lanes work side by side.
-- A room that becomes due again gets a new number and goes to the end of its rank.
CREATE SEQUENCE room_check_lanes MINVALUE 0 MAXVALUE 7 START 0 CYCLE;
CREATE TABLE room_checks (
  conversation_id text PRIMARY KEY REFERENCES conversations ON DELETE CASCADE,
  seq             bigint GENERATED ALWAYS AS IDENTITY,
  rank            integer NOT NULL DEFAULT 0,
  lane            integer NOT NULL DEFAULT nextval('room_check_lanes'),
  -- Accounts of its people are still to be made. Filling the room earlier would do half the work twice.
  held            boolean NOT NULL
);
CREATE INDEX room_checks_in_order ON room_checks (lane, rank, seq) WHERE NOT held;
CREATE INDEX room_checks_held ON room_checks (conversation_id) WHERE held;

-- Rooms closed for good, and the conversation that their tombstone leads to. They are kept, so that later messages in
-- them are never taken for a new conversation.
CREATE TABLE retired_rooms (
  room_id    text PRIMARY KEY,
  successor  text REFERENCES conversations,
  since      timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz
);

-- directory, conversations/groups: custom groups -----------------------------------------------------------------------

-- Who is in a custom group (directory).
CREATE TABLE custom_group_members (
  conversation_id text NOT NULL REFERENCES conversations ON DELETE CASCADE,
  kind            text NOT NULL CHECK (kind IN ('user', 'security_group', 'custom_group')),
  member          text NOT NULL,
  PRIMARY KEY (conversation_id, kind, member)
);

-- When each part of a custom group was last edited, in milliseconds: the homeserver's time of an event, otherwise ours.
-- Events may come late because Whisper was down; an edit made after them stands.
CREATE TABLE custom_group_edits (
  conversation_id text NOT NULL REFERENCES conversations ON DELETE CASCADE,
  kind            text NOT NULL CHECK (kind IN ('name', 'user', 'security_group', 'custom_group')),
  member          text NOT NULL,
  edited_at       bigint NOT NULL,
  PRIMARY KEY (conversation_id, kind, member)
);

-- Who was removed from a custom group because they left its room, and when (the homeserver's milliseconds). When someone
-- shuts a room down, Synapse makes everyone leave as if they had done it themselves. Whisper undoes that once it knows.
CREATE TABLE custom_group_leaves (
  conversation_id text NOT NULL REFERENCES conversations ON DELETE CASCADE,
  username        text NOT NULL,
  left_at         bigint NOT NULL,
  PRIMARY KEY (conversation_id, username)
);

-- conversations: alerts, problems in the directory, files --------------------------------------------------------------

-- Alerts to everyone. Each is one message in the alerts room; the refs of its sends are made from its id.
CREATE TABLE alerts (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  text         text NOT NULL,
  severity     text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  posted_at    timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  withdrawn_at timestamptz,
  -- Where its message is in the inbox, to compare with how far people have read. NULL: it is still to come.
  position     bigint
);

-- What the admin room was last told about problems in the directory, so that it is not told the same thing every night.
CREATE TABLE directory_problems (
  "only"  boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  digest  text NOT NULL,
  told    bigint NOT NULL,
  told_at timestamptz NOT NULL
);

-- Which events show a file: the read gate serves files by it. One row for each file in each event.
CREATE TABLE media (
  server    text NOT NULL,
  media_id  text NOT NULL,
  event_id  text NOT NULL,
  room_id   text NOT NULL,
  sender    text NOT NULL,
  -- It is the sender's portrait, not a message.
  portrait  boolean NOT NULL DEFAULT false,
  -- The event was redacted. The row stays.
  hidden_at timestamptz,
  -- A file is served in a room if an event there shows it, and the event's sender uploaded the file or could see such an
  -- event. So each event keeps everyone whose upload justifies it, as decided when the event arrived.
  vouchers  text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (server, media_id, event_id)
);
CREATE INDEX media_by_event ON media (event_id);

-- conversations/list: what is in a user's list, and what they have not read --------------------------------------------

-- Who said something in which room, without the text: for counting unread messages. Positions are the inbox's.
CREATE TABLE room_messages (
  room_id    text NOT NULL,
  position   bigint NOT NULL,
  event_id   text NOT NULL UNIQUE,
  sender     text NOT NULL,
  -- Whisper sent it in the sender's name, so they may not have seen what was above it.
  by_whisper boolean NOT NULL,
  removed    boolean NOT NULL DEFAULT false,
  -- The root of the thread that it is in. NULL: it is in the room's main timeline.
  thread     text,
  PRIMARY KEY (room_id, position)
);
CREATE INDEX room_messages_by_sender ON room_messages (room_id, sender, position);
CREATE INDEX room_messages_in_threads ON room_messages (room_id, position) WHERE thread IS NOT NULL;

-- A room as one user sees it.
CREATE TABLE room_views (
  room_id   text NOT NULL,
  user_id   text NOT NULL,
  -- The position at which they joined. Older messages can be read, but do not count as unread.
  since     bigint NOT NULL DEFAULT 0,
  -- When they last opened the conversation again.
  opened_at timestamptz,
  -- They marked it as unread in a client, whatever they have read.
  marked_unread boolean NOT NULL DEFAULT false,
  -- It is out of their list, and the tag in their account says so.
  archived  boolean NOT NULL DEFAULT false,
  tagged    boolean NOT NULL DEFAULT false,
  PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_views_archived ON room_views (room_id) WHERE archived;
CREATE INDEX room_views_to_tag ON room_views (room_id) WHERE archived <> tagged;

-- appservice/accounts: the accounts on the homeserver as they are, confirmed by it -------------------------------------

CREATE TABLE accounts (
  user_id      text PRIMARY KEY,
  display_name text NOT NULL,
  picture      text, -- its address, if Whisper set one
  locked       boolean NOT NULL DEFAULT false,
  muted        boolean NOT NULL DEFAULT false
);

-- mirror: the rooms as they are in Synapse -----------------------------------------------------------------------------

CREATE TABLE rooms (
  room_id text PRIMARY KEY,
  version text NOT NULL,
  creator text,
  seen_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE room_state (
  room_id     text NOT NULL,
  type        text NOT NULL,
  content     jsonb NOT NULL,
  event_id    text NOT NULL,
  -- When the homeserver made the event (its milliseconds).
  made_at     bigint NOT NULL DEFAULT 0,
  -- Whisper did this and its events are still on their way. Events that arrive before then are older (see mirror.ts).
  ahead_until timestamptz,
  PRIMARY KEY (room_id, type)
);

CREATE TABLE room_members (
  room_id     text NOT NULL,
  user_id     text NOT NULL,
  membership  text NOT NULL,
  forgotten   boolean NOT NULL DEFAULT false,
  direct      boolean NOT NULL DEFAULT false,
  event_id    text NOT NULL,
  made_at     bigint NOT NULL DEFAULT 0,
  ahead_until timestamptz,
  -- The membership that Whisper is setting now. The event may be handled before the homeserver answers.
  awaited     text,
  PRIMARY KEY (room_id, user_id)
);
CREATE INDEX room_members_by_user ON room_members (user_id, membership);

-- messages: what Synapse sent, and what Whisper sends ------------------------------------------------------------------

-- Every event, stored before Synapse gets its answer.
CREATE TABLE inbox (
  seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id    text NOT NULL UNIQUE,
  room_id     text NOT NULL,
  type        text NOT NULL,
  event       jsonb NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  handled_at  timestamptz,
  attempts    integer NOT NULL DEFAULT 0,
  retry_at    timestamptz,
  parked_at   timestamptz,
  last_error  text,
  -- Each try is recorded before it begins: the process that makes it, and how many tries ended with their process.
  tried_by    uuid,
  killed      integer NOT NULL DEFAULT 0
);
CREATE INDEX inbox_waiting ON inbox (room_id, seq) WHERE handled_at IS NULL AND parked_at IS NULL;
CREATE INDEX inbox_by_room ON inbox (room_id, seq);
CREATE INDEX inbox_parked ON inbox (seq) WHERE parked_at IS NOT NULL;
-- A message that is deleted in a conversation is deleted here too, with its corrections.
CREATE INDEX inbox_corrections ON inbox ((event->'content'->'m.relates_to'->>'event_id'))
  WHERE event->'content'->'m.relates_to'->>'rel_type' = 'm.replace';

-- The newest receipt of each user in each room and thread (m.read and m.read.private).
CREATE TABLE receipts (
  room_id  text NOT NULL,
  user_id  text NOT NULL,
  event_id text NOT NULL,
  read_at  timestamptz NOT NULL,
  -- How far they have read. NULL: the event of the receipt is not known yet.
  position bigint,
  -- A thread's root, `main` for the main timeline, or empty for the whole room (client-server API, "Threaded read receipts").
  thread   text NOT NULL DEFAULT '',
  PRIMARY KEY (room_id, user_id, thread)
);

-- `ref` is derived from the row that caused the send.
CREATE TABLE outbox (
  seq             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ref             text NOT NULL UNIQUE,
  conversation_id text NOT NULL REFERENCES conversations,
  -- What it is for, and so what it means if it is given up.
  purpose         jsonb NOT NULL,
  -- Smaller ones are sent first.
  rank            smallint NOT NULL,
  as_user         text,
  type            text NOT NULL,
  content         jsonb NOT NULL,
  -- The send that this one reacts to, redacts or answers. Its event id is filled in when it is known.
  target_ref      text,
  target_event    text,
  event_id        text,
  -- The room that the send went into: a send about an event must go into the event's room.
  room_id         text,
  queued_at       timestamptz NOT NULL DEFAULT now(),
  attempted_at    timestamptz,
  attempts        integer NOT NULL DEFAULT 0,
  sent_at         timestamptz,
  dropped_at      timestamptz,
  last_error      text
);
CREATE INDEX outbox_waiting ON outbox (conversation_id, rank, seq) WHERE sent_at IS NULL AND dropped_at IS NULL;
CREATE INDEX outbox_by_event ON outbox (event_id);
-- Dead letters are counted at each scrape of the metrics, without reading everything that was ever sent.
CREATE INDEX outbox_parked ON outbox (seq) WHERE dropped_at IS NOT NULL AND attempts > 0;
-- Answers about an arrival: while one of them is on its way or has arrived, the arrival is answered.
CREATE INDEX outbox_passed_on ON outbox ((purpose->>'arrival')) WHERE purpose->>'is' = 'pass_on';
CREATE INDEX outbox_with_content ON outbox (seq) WHERE content <> '{}';

-- appservice/intake: which events may be missing ----------------------------------------------------------------------

-- Until when every event is known to have reached the inbox. A check of the recently active rooms says nothing about the
-- others, so each kind of check has a row.
CREATE TABLE gap_checks (
  rooms         text PRIMARY KEY CHECK (rooms IN ('recent', 'all')),
  checked_until timestamptz NOT NULL
);

-- patients: whose record is open, and links to records -----------------------------------------------------------------

-- The patient whose record a user has open in HealthTrack now.
CREATE TABLE current_patients (
  username   text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  patient_id text NOT NULL
);

-- Links that open a patient's record. The token itself is only in the message that carries it.
CREATE TABLE patient_links (
  digest     bytea PRIMARY KEY,
  patient_id text NOT NULL,
  -- What the link is about, such as an arrival: if that gets another patient, so does the link.
  about      text,
  -- The conversation that the link was written in: only its members open it. NULL: the link is in an arrival's notice.
  conversation_id text,
  expires_at timestamptz NOT NULL
);
CREATE INDEX patient_links_by_expiry ON patient_links (expires_at);
CREATE INDEX patient_links_by_subject ON patient_links (about) WHERE about IS NOT NULL;

-- arrivals/record: bookings, and the patients who have come ------------------------------------------------------------

-- Bookings as HealthTrack last sent them, by its own clock (`changed_at`).
CREATE TABLE bookings (
  booking_id     text PRIMARY KEY,
  status         text NOT NULL CHECK (status IN
                   ('booked', 'confirmed', 'arrived', 'in_session', 'out_session', 'closed', 'no_show', 'cancelled')),
  patient_id     text NOT NULL,
  patient_name   text,
  -- NULL: no doctor, as for a walk-in.
  doctor         text,
  location       text,
  appointment_at timestamptz NOT NULL,
  -- NULL: HealthTrack did not say.
  changed_by     text,
  changed_at     timestamptz NOT NULL
);

-- One visit by a patient to a doctor, for one booking or several in a row. Each notice is about one visit.
CREATE TABLE arrivals (
  id           text PRIMARY KEY,
  patient_id   text NOT NULL,
  patient_name text,
  doctor       text,
  day          text NOT NULL,
  state        text NOT NULL CHECK (state IN
                 ('waiting', 'acknowledged', 'replied', 'retracted', 'escalated', 'undeliverable')),
  marked_by    text,
  -- HealthTrack's clock, and ours.
  arrived_at   timestamptz NOT NULL,
  told_at      timestamptz NOT NULL,
  -- No longer in the waiting room, and why: the booking's status, or what happened to it.
  ended_at     timestamptz,
  ended_by     text,
  -- When the time for an answer began: when it was told, or given to another doctor.
  clock_at     timestamptz NOT NULL,
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX arrivals_open ON arrivals (patient_id) WHERE ended_at IS NULL;
CREATE INDEX arrivals_by_patient ON arrivals (patient_id, arrived_at DESC, id DESC);
CREATE INDEX arrivals_by_time ON arrivals (arrived_at DESC, id DESC);
CREATE INDEX arrivals_by_doctor ON arrivals (doctor, arrived_at DESC, id DESC);
CREATE INDEX arrivals_by_state ON arrivals (state, arrived_at DESC, id DESC);

CREATE TABLE arrival_bookings (
  arrival_id     text NOT NULL REFERENCES arrivals ON DELETE CASCADE,
  booking_id     text NOT NULL REFERENCES bookings ON DELETE CASCADE,
  appointment_at timestamptz NOT NULL,
  -- How far ahead of UTC the time of the appointment was written (minutes): a site may be in another zone than the practice.
  utc_offset     smallint,
  location       text,
  -- The same for comparison: without capitals and extra blanks.
  location_key   text,
  arrived_at     timestamptz NOT NULL,
  marked_by      text,
  PRIMARY KEY (arrival_id, booking_id)
);
CREATE INDEX arrival_bookings_by_booking ON arrival_bookings (booking_id);

-- Who is to be told of an arrival, and how far that got. One row for each recipient, whatever happens.
CREATE TABLE arrival_notices (
  arrival_id  text NOT NULL REFERENCES arrivals ON DELETE CASCADE,
  username    text NOT NULL,
  told_as     text NOT NULL CHECK (told_as IN ('recipient', 'backup', 'reception')),
  state       text NOT NULL CHECK (state IN ('waiting', 'acknowledged', 'replied', 'retracted', 'undeliverable')),
  reason      text,
  -- Of an undeliverable notice: whether whoever marked the arrival could be told instead.
  reported    boolean,
  -- The notice is in the recipient's room, or on its way there.
  shown       boolean NOT NULL,
  -- How often it was posted, and what was posted about it: the refs of the sends are made from these.
  posting     integer NOT NULL,
  edits       integer NOT NULL DEFAULT 0,
  nudges      integer NOT NULL DEFAULT 0,
  threads     integer NOT NULL DEFAULT 0,
  told_at     timestamptz NOT NULL,
  replied_at  timestamptz,
  answered_at timestamptz,
  PRIMARY KEY (arrival_id, username)
);
CREATE INDEX arrival_notices_by_user ON arrival_notices (username, told_at DESC);
CREATE INDEX arrival_notices_by_time ON arrival_notices (told_at);

-- Who else was asked when nobody answered. `label`: a user's name, or a group's.
CREATE TABLE arrival_escalations (
  arrival_id text NOT NULL REFERENCES arrivals ON DELETE CASCADE,
  clock_at   timestamptz NOT NULL,
  step       integer NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('nudge', 'backup', 'reception', 'nobody')),
  label      text,
  taken_at   timestamptz NOT NULL,
  -- A step may find nobody who can be told.
  told       boolean NOT NULL DEFAULT true,
  PRIMARY KEY (arrival_id, clock_at, step)
);

-- arrivals: the histories that people have open ------------------------------------------------------------------------

-- The history that a user has open in their arrivals room.
CREATE TABLE arrival_histories (
  username  text PRIMARY KEY,
  -- Names the message; each opening has its own.
  opened    integer NOT NULL DEFAULT 0,
  shown     boolean NOT NULL DEFAULT false,
  -- The reaction that opened it. Taking it back closes the history.
  opened_by text
);
CREATE INDEX arrival_histories_by_event ON arrival_histories (opened_by);

-- audit/rooms: audits of the rooms, and what they found ----------------------------------------------------------------

-- A repeated request reads the report instead of starting another audit.
CREATE TABLE room_audits (
  id          text PRIMARY KEY,
  -- NULL: every room.
  room_ids    text[],
  repair      boolean NOT NULL,
  -- Whether the admin room is told of the outcome.
  tells       text NOT NULL CHECK (tells IN ('always', 'if_differing', 'never')),
  asked_at    timestamptz NOT NULL DEFAULT now(),
  started_at  timestamptz,
  finished_at timestamptz
);
CREATE INDEX room_audits_finished ON room_audits (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE room_audit_findings (
  audit_id text NOT NULL REFERENCES room_audits ON DELETE CASCADE,
  position integer NOT NULL,
  room     jsonb NOT NULL,
  PRIMARY KEY (audit_id, position)
);

-- api/kernel: keys -----------------------------------------------------------------------------------------------------

CREATE TABLE api_keys (
  id         text PRIMARY KEY,
  name       text NOT NULL,
  digest     bytea NOT NULL UNIQUE,
  scopes     text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
-- The name of a revoked key is free again. The old key keeps it, for the list.
CREATE UNIQUE INDEX api_keys_in_force_by_name ON api_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE idempotency_keys (
  api_key_id   text NOT NULL REFERENCES api_keys ON DELETE CASCADE,
  key          text NOT NULL,
  request_hash bytea NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  -- Sealed with the caller's API key, since it may hold a sign-in token. NULL: being carried out.
  answer       bytea,
  PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- patients: records that were merged, and what was said about whom ---------------------------------------------------------

-- HealthTrack merged a patient's record into another, which may have been merged since. Never a circle.
CREATE TABLE merged_patients (
  patient_id text PRIMARY KEY,
  into_id    text NOT NULL,
  merged_at  timestamptz NOT NULL DEFAULT now(),
  CHECK (patient_id <> into_id)
);
CREATE INDEX merged_patients_by_result ON merged_patients (into_id);

-- A merge moves the bookings of a patient.
CREATE INDEX bookings_by_patient ON bookings (patient_id);

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

-- sms: messages that also go out as SMS, and replies to them --------------------------------------------------------------

-- One row for each message and number, written in the transaction that handles the message.
CREATE TABLE sms_messages (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The message as its sender first wrote it, whatever room it was repeated in since.
  event_id        text NOT NULL,
  number          text NOT NULL, -- E.164
  conversation_id text NOT NULL REFERENCES conversations,
  -- The event under which people see what became of it.
  shown_event     text NOT NULL,
  sender          text NOT NULL,
  recipient       text NOT NULL,
  -- Empty once it is final and its time is over, or the message was deleted.
  body            text NOT NULL,
  segments        integer NOT NULL,
  state           text NOT NULL DEFAULT 'queued',
  reason          text,
  -- Held until then, by quiet hours or until the next try.
  not_before      timestamptz NOT NULL DEFAULT now(),
  tries           integer NOT NULL DEFAULT 0,
  -- When the message was written.
  said_at         timestamptz NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  state_at        timestamptz NOT NULL DEFAULT now(),
  -- Its message was deleted while the provider might have it: it is not sent again.
  withdrawn       boolean NOT NULL DEFAULT false,
  -- When its sender decided to send it again.
  decided_at      timestamptz,
  UNIQUE (event_id, number)
);
CREATE INDEX sms_messages_by_sender ON sms_messages (sender, created_at);
CREATE INDEX sms_messages_by_number ON sms_messages (number, created_at);
CREATE INDEX sms_messages_by_day ON sms_messages (created_at);
CREATE INDEX sms_messages_in_review ON sms_messages (id) WHERE state = 'review';
CREATE INDEX sms_messages_shown ON sms_messages (shown_event);

-- Each attempt, committed before the provider is asked. Its status webhook has the ref in its address, so a late report
-- finds it even if its sid was never heard.
CREATE TABLE sms_attempts (
  ref         text PRIMARY KEY,
  sms_id      bigint NOT NULL REFERENCES sms_messages ON DELETE CASCADE,
  sid         text UNIQUE,
  started_at  timestamptz NOT NULL DEFAULT now(),
  lease_until timestamptz NOT NULL
);
CREATE INDEX sms_attempts_by_message ON sms_attempts (sms_id, started_at);

-- Reports that came by webhook: the same one twice is one.
CREATE TABLE sms_reports (
  sid         text NOT NULL,
  status      text NOT NULL,
  error_code  text NOT NULL DEFAULT '',
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sid, status, error_code)
);

-- SMS that came in, by the provider's id: the same one twice is one. Their text is in the conversation.
CREATE TABLE sms_replies (
  sid         text PRIMARY KEY,
  received_at timestamptz NOT NULL DEFAULT now()
);

-- Numbers that replied STOP. It is kept here too, whatever the carrier does.
CREATE TABLE sms_opt_outs (
  number text PRIMARY KEY,
  -- When the number last said STOP or START.
  since  timestamptz NOT NULL DEFAULT now(),
  -- It was START. Kept, so that an older STOP heard later does not count.
  ended  boolean NOT NULL DEFAULT false
);

-- Up to when SMS that came in have been fetched, by the provider's clock.
CREATE TABLE sms_fetches (
  provider text PRIMARY KEY,
  until    timestamptz NOT NULL
);

-- signals: what HealthTrack's desktop hears of at once, for one day --------------------------------------------------------

CREATE TABLE signals (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The transaction that wrote it: a reader knows by it which others it may not have seen yet.
  xid      xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind     text NOT NULL CHECK (kind IN ('message', 'arrival', 'patient_open')),
  -- For whoever is in the room, or for one user.
  room_id  text,
  username text,
  content  jsonb NOT NULL,
  at       timestamptz NOT NULL DEFAULT now(),
  CHECK ((room_id IS NULL) <> (username IS NULL))
);
CREATE INDEX signals_by_xid ON signals (xid);
CREATE INDEX signals_by_time ON signals (at);

-- Observe User: who looked at whose conversations, and when ----------------------------------------------------------------

CREATE TABLE observe_sessions (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- The administrator, and the user whose conversations they read.
  actor      text NOT NULL,
  target     text NOT NULL,
  -- Where the first request came from.
  address    text NOT NULL,
  reason     text,
  started_at timestamptz NOT NULL DEFAULT now(),
  last_at    timestamptz NOT NULL DEFAULT now(),
  ended_at   timestamptz
);
CREATE UNIQUE INDEX observe_sessions_open ON observe_sessions (actor, target) WHERE ended_at IS NULL;
CREATE INDEX observe_sessions_by_time ON observe_sessions (started_at);

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

-- store: adding jobs ---------------------------------------------------------------------------------------------------

-- Adds jobs so that none is lost. graphile_worker.add_jobs first takes the keys of running jobs away and then inserts. A
-- job that a worker takes between the two keeps its key, and the new one is left out without an error. The worker may
-- have read the database before this transaction commits, so the work would be lost. If one was left out, all are added
-- again: its predecessor is then seen to run, and the others replace themselves. A waiting job keeps its priority if that
-- is more urgent: work that nobody waits for never delays work that someone does.
--
-- Most jobs have no predecessor, and are inserted at once. add_jobs, which first looks for their tasks, queues and running
-- predecessors, is asked only for those whose key is taken, by a waiting job or a running one.
CREATE FUNCTION queue_jobs(specs json) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  added integer;
  rest json;
  jobs graphile_worker.job_spec[];
BEGIN
  -- Always in the same order, so that two transactions that add or replace the same jobs never deadlock.
  WITH wanted AS MATERIALIZED (
    SELECT * FROM json_to_recordset(specs) AS spec(
      identifier text, payload json, run_at timestamptz, max_attempts smallint, job_key text, priority smallint)),
  fresh AS (
    INSERT INTO graphile_worker._private_jobs (task_id, payload, run_at, max_attempts, key, priority)
    SELECT task.id, wanted.payload, coalesce(wanted.run_at, now()), wanted.max_attempts, wanted.job_key, wanted.priority
    FROM wanted JOIN graphile_worker._private_tasks task ON task.identifier = wanted.identifier
    -- Not left to the conflict: that would wait for a job that is just being completed, out of turn.
    WHERE NOT EXISTS (SELECT FROM graphile_worker._private_jobs known WHERE known.key = wanted.job_key)
    ORDER BY wanted.job_key COLLATE "C"
    ON CONFLICT (key) DO NOTHING RETURNING key)
  SELECT count(fresh.key), json_agg(wanted) FILTER (WHERE fresh.key IS NULL) INTO added, rest
  FROM wanted LEFT JOIN fresh ON fresh.key = wanted.job_key;
  -- As add_jobs announces them.
  IF added > 0 THEN
    PERFORM pg_notify('jobs:insert', json_build_object('r', random(), 'count', added)::text);
  END IF;
  IF rest IS NULL THEN RETURN; END IF;

  jobs := array(
    SELECT (spec.identifier, spec.payload, NULL, spec.run_at, spec.max_attempts, spec.job_key,
            least(spec.priority, waiting.priority), NULL)::graphile_worker.job_spec
    FROM json_to_recordset(rest) AS spec(
      identifier text, payload json, run_at timestamptz, max_attempts integer, job_key text, priority integer)
    LEFT JOIN graphile_worker._private_jobs waiting
      ON waiting.key = spec.job_key AND waiting.locked_at IS NULL AND waiting.attempts < waiting.max_attempts
    ORDER BY spec.job_key COLLATE "C");
  FOR tries IN 1..100 LOOP
    PERFORM FROM graphile_worker.add_jobs(jobs);
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added = cardinality(jobs) THEN RETURN; END IF;
  END LOOP;
  RAISE EXCEPTION 'jobs could not be added: their predecessors were taken again and again' USING ERRCODE = '40001';
END;
$$;
