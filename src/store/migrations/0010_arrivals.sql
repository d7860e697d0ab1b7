-- Bookings as HealthTrack last sent them, by its own clock (`changed_at`).
CREATE TABLE bookings (
  booking_id     text PRIMARY KEY,
  status         text NOT NULL CHECK (status IN
                   ('booked', 'confirmed', 'arrived', 'in_session', 'out_session', 'closed', 'no_show', 'cancelled')),
  patient_id     text NOT NULL,
  patient_name   text,
  doctor         text NOT NULL,
  location       text,
  appointment_at timestamptz NOT NULL,
  changed_by     text NOT NULL,
  changed_at     timestamptz NOT NULL,
  received_at    timestamptz NOT NULL DEFAULT now()
);

-- One coming of a patient to a doctor: what one notice is about, for one booking or several in a row.
CREATE TABLE arrivals (
  id              text PRIMARY KEY,
  patient_id      text NOT NULL,
  patient_name    text,
  doctor          text NOT NULL,
  day             text NOT NULL,
  state           text NOT NULL CHECK (state IN
                    ('waiting', 'acknowledged', 'replied', 'retracted', 'escalated', 'undeliverable')),
  marked_by       text NOT NULL,
  -- HealthTrack's clock, and ours.
  arrived_at      timestamptz NOT NULL,
  told_at         timestamptz NOT NULL,
  -- No longer in the waiting room, and why: the booking's status, or what happened to it.
  ended_at        timestamptz,
  ended_by        text,
  -- When the time for an answer began: when it was told, or given to another doctor.
  clock_at        timestamptz NOT NULL,
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX arrivals_open ON arrivals (patient_id) WHERE ended_at IS NULL;
CREATE INDEX arrivals_by_time ON arrivals (arrived_at DESC, id DESC);
CREATE INDEX arrivals_by_doctor ON arrivals (doctor, arrived_at DESC, id DESC);
CREATE INDEX arrivals_by_state ON arrivals (state, arrived_at DESC, id DESC);

CREATE TABLE arrival_bookings (
  arrival_id     text NOT NULL REFERENCES arrivals ON DELETE CASCADE,
  booking_id     text NOT NULL REFERENCES bookings ON DELETE CASCADE,
  appointment_at timestamptz NOT NULL,
  location       text,
  arrived_at     timestamptz NOT NULL,
  marked_by      text NOT NULL,
  PRIMARY KEY (arrival_id, booking_id)
);
CREATE INDEX arrival_bookings_by_booking ON arrival_bookings (booking_id);

-- Who is to be told of an arrival, and how far that got. One row for each recipient, whatever happens.
CREATE TABLE arrival_notices (
  arrival_id   text NOT NULL REFERENCES arrivals ON DELETE CASCADE,
  username     text NOT NULL,
  told_as      text NOT NULL CHECK (told_as IN ('recipient', 'backup', 'reception')),
  state        text NOT NULL CHECK (state IN ('waiting', 'acknowledged', 'replied', 'retracted', 'undeliverable')),
  reason       text,
  -- Of an undeliverable notice: whether whoever marked the arrival could be told instead.
  reported     boolean,
  -- The notice is in the recipient's room, or on its way there.
  shown        boolean NOT NULL,
  -- Counts how often it was posted, and what was posted about it: the refs of the sends are made from these.
  posting      integer NOT NULL,
  edits        integer NOT NULL DEFAULT 0,
  nudges       integer NOT NULL DEFAULT 0,
  threads      integer NOT NULL DEFAULT 0,
  told_at      timestamptz NOT NULL,
  replied_at   timestamptz,
  answered_at  timestamptz,
  PRIMARY KEY (arrival_id, username)
);
CREATE INDEX arrival_notices_by_user ON arrival_notices (username, told_at DESC);
CREATE INDEX arrival_notices_by_time ON arrival_notices (told_at);

-- Whom else was asked when nobody answered. `label`: a user's name, a group's.
CREATE TABLE arrival_escalations (
  arrival_id text NOT NULL REFERENCES arrivals ON DELETE CASCADE,
  clock_at   timestamptz NOT NULL,
  step       integer NOT NULL,
  kind       text NOT NULL CHECK (kind IN ('nudge', 'backup', 'reception', 'nobody')),
  label      text,
  taken_at   timestamptz NOT NULL,
  PRIMARY KEY (arrival_id, clock_at, step)
);

-- Links that open a patient's record. The token itself is kept nowhere but in the message that carries it.
CREATE TABLE patient_links (
  digest     bytea PRIMARY KEY,
  patient_id text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX patient_links_by_expiry ON patient_links (expires_at);

-- The history that a user has open in their arrivals room.
CREATE TABLE arrival_histories (
  username  text PRIMARY KEY,
  -- Names the message; each opening has its own.
  opened    integer NOT NULL DEFAULT 0,
  shown     boolean NOT NULL DEFAULT false,
  -- The reaction that opened it: taking it back closes the history.
  opened_by text
);
CREATE INDEX arrival_histories_by_event ON arrival_histories (opened_by);
