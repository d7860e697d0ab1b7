-- How far ahead of UTC (minutes) the time of an appointment was written: a site may be in another zone than the practice.
ALTER TABLE arrival_bookings ADD COLUMN utc_offset smallint;
