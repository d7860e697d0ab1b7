-- Alerts to everyone. Each is one message in the alerts room; the refs of its sends are made from its id.
CREATE TABLE alerts (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  text         text NOT NULL,
  severity     text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  posted_at    timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  withdrawn_at timestamptz
);
