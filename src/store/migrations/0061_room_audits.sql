-- Audits of the rooms, and what they found: whoever asks again reads the report instead of having everything done again.
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
