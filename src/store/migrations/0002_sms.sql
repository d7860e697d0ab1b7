-- sms: messages that also go out as SMS, and replies to them --------------------------------------------------------------

-- One row for each message and number, written in the transaction that handles the message.
CREATE TABLE sms_messages (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The message as its sender first wrote it, whatever room it was repeated in since.
  event_id        text NOT NULL,
  number          text NOT NULL, -- E.164
  conversation_id text NOT NULL REFERENCES conversations,
  -- The event under which people see what became of it.
  shown_event     text NOT NULL,
  sender          text NOT NULL,
  recipient       text NOT NULL,
  -- Empty once it is final and its time is over, or the message was deleted.
  body            text NOT NULL,
  segments        integer NOT NULL,
  state           text NOT NULL DEFAULT 'queued',
  reason          text,
  -- Held until then, by quiet hours or until the next try.
  not_before      timestamptz NOT NULL DEFAULT now(),
  tries           integer NOT NULL DEFAULT 0,
  -- When the message was written.
  said_at         timestamptz NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  state_at        timestamptz NOT NULL DEFAULT now(),
  -- Its message was deleted while the provider might have it: it is not sent again.
  withdrawn       boolean NOT NULL DEFAULT false,
  UNIQUE (event_id, number)
);
CREATE INDEX sms_messages_by_sender ON sms_messages (sender, created_at);
CREATE INDEX sms_messages_by_number ON sms_messages (number, created_at);
CREATE INDEX sms_messages_by_day ON sms_messages (created_at);
CREATE INDEX sms_messages_in_review ON sms_messages (id) WHERE state = 'review';
CREATE INDEX sms_messages_shown ON sms_messages (shown_event);

-- Each attempt, committed before the provider is asked. Its status webhook has the ref in its address, so a late report
-- finds it even if its sid was never heard.
CREATE TABLE sms_attempts (
  ref         text PRIMARY KEY,
  sms_id      bigint NOT NULL REFERENCES sms_messages ON DELETE CASCADE,
  sid         text UNIQUE,
  started_at  timestamptz NOT NULL DEFAULT now(),
  lease_until timestamptz NOT NULL
);
CREATE INDEX sms_attempts_by_message ON sms_attempts (sms_id, started_at);

-- Reports that came by webhook: the same one twice is one.
CREATE TABLE sms_reports (
  sid         text NOT NULL,
  status      text NOT NULL,
  error_code  text NOT NULL DEFAULT '',
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sid, status, error_code)
);

-- SMS that came in, by the provider's id: the same one twice is one. Their text is in the conversation.
CREATE TABLE sms_replies (
  sid         text PRIMARY KEY,
  received_at timestamptz NOT NULL DEFAULT now()
);

-- Numbers that replied STOP. It is kept here too, whatever the carrier does.
CREATE TABLE sms_opt_outs (
  number text PRIMARY KEY,
  since  timestamptz NOT NULL DEFAULT now()
);
