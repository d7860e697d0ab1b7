-- Up to when it is known that every event of our rooms has reached the inbox.
CREATE TABLE gap_checks (
  "only"        boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  checked_until timestamptz NOT NULL
);
