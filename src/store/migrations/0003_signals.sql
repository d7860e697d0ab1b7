-- signals: what HealthTrack's desktop hears of at once, for one day --------------------------------------------------------

CREATE TABLE signals (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The transaction that wrote it: a reader knows by it which others it may not have seen yet.
  xid      xid8 NOT NULL DEFAULT pg_current_xact_id(),
  kind     text NOT NULL CHECK (kind IN ('message', 'arrival')),
  -- For whoever is in the room, or for one user.
  room_id  text,
  username text,
  content  jsonb NOT NULL,
  at       timestamptz NOT NULL DEFAULT now(),
  CHECK ((room_id IS NULL) <> (username IS NULL))
);
CREATE INDEX signals_by_xid ON signals (xid);
CREATE INDEX signals_by_time ON signals (at);
