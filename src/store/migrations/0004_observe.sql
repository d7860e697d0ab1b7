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
