-- An account that is to be locked is looked at before those that are to be made, of which there may be thousands.
ALTER TABLE account_checks ADD COLUMN locks boolean NOT NULL DEFAULT false;
DROP INDEX account_checks_in_order;
CREATE INDEX account_checks_in_order ON account_checks ((attempts > 0), locks DESC, attempts, seq);
