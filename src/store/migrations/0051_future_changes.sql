-- A change that HealthTrack dated years ahead kept every later one of its booking out. Such are refused now; those that
-- were taken count as made when they came, as do the arrivals that they made.
UPDATE bookings SET changed_at = received_at WHERE changed_at > received_at + interval '5 minutes';
UPDATE arrival_bookings AS b SET arrived_at = a.told_at
FROM arrivals a WHERE a.id = b.arrival_id AND b.arrived_at > a.told_at + interval '5 minutes';
UPDATE arrivals SET arrived_at = told_at WHERE arrived_at > told_at + interval '5 minutes';
