-- A look at the rooms in which somebody wrote lately says nothing about the others, so each kind of look has its own mark.
ALTER TABLE gap_checks ADD COLUMN rooms text NOT NULL DEFAULT 'recent' CHECK (rooms IN ('recent', 'all'));
ALTER TABLE gap_checks DROP COLUMN "only";
ALTER TABLE gap_checks ADD PRIMARY KEY (rooms);
ALTER TABLE gap_checks ALTER COLUMN rooms DROP DEFAULT;
