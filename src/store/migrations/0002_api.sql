-- An answer is sealed with the caller's API key: it may hold a sign-in token. NULL: being carried out.
ALTER TABLE idempotency_keys DROP COLUMN status, DROP COLUMN response, ADD COLUMN answer bytea;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- The group Default holds AccessWhisper and everybody, until HealthTrack sends it with members of its own.
-- `everyone`: whoever is added to the directory becomes a member.
ALTER TABLE security_groups ADD COLUMN everyone boolean NOT NULL DEFAULT false;
INSERT INTO security_groups (id, name, permissions, everyone) VALUES ('Default', 'Default', '{AccessWhisper}', true);

-- The patient whose record a user has open in HealthTrack now.
CREATE TABLE current_patients (
  username   text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  patient_id text NOT NULL,
  opened_at  timestamptz NOT NULL DEFAULT now()
);
