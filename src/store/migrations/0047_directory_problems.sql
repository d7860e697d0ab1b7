-- What was said last in the admin room of the problems in the directory, so that it is not said again every night.
CREATE TABLE directory_problems (
  "only"  boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  digest  text NOT NULL,
  told    bigint NOT NULL,
  told_at timestamptz NOT NULL
);
