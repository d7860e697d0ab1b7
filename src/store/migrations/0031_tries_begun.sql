-- A try of an event is written down before it begins: the process that makes it, and how many ended with their process.
ALTER TABLE inbox ADD COLUMN tried_by uuid;
ALTER TABLE inbox ADD COLUMN killed integer NOT NULL DEFAULT 0;
