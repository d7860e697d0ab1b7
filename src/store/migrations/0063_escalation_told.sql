-- A step of the escalation may find nobody who can be told.
ALTER TABLE arrival_escalations ADD COLUMN told boolean NOT NULL DEFAULT true;
