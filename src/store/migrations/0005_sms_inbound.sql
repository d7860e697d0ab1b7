-- sms: SMS that came in unheard are fetched; STOP and START count in the order they were written -----------------------------

-- Up to when SMS that came in have been fetched, by the provider's clock.
CREATE TABLE sms_fetches (
  provider text PRIMARY KEY,
  until    timestamptz NOT NULL
);

-- `since` is when the number last said STOP or START. Ended: it was START. Kept, so that an older STOP heard later does not count.
ALTER TABLE sms_opt_outs ADD COLUMN ended boolean NOT NULL DEFAULT false;

-- When its sender decided to send it again.
ALTER TABLE sms_messages ADD COLUMN decided_at timestamptz;
