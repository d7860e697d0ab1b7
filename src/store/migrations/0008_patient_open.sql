-- signals: a person opens a patient's link, and their desktop opens the record ---------------------------------------------

ALTER TABLE signals DROP CONSTRAINT signals_kind_check;
ALTER TABLE signals ADD CONSTRAINT signals_kind_check CHECK (kind IN ('message', 'arrival', 'patient_open'));

-- The conversation that the link was written in: only its members open it. NULL: the link is in an arrival's notice.
ALTER TABLE patient_links ADD COLUMN conversation_id text;
