-- What else a booking's `doctor` may call a user: HealthTrack's internal doctor id, a provider number.
ALTER TABLE users ADD COLUMN doctor_ids text[] NOT NULL DEFAULT '{}';
CREATE INDEX users_with_doctor_ids ON users (username) WHERE doctor_ids <> '{}';
