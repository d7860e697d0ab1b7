-- What changed in the directory, revision by revision. One job carries on what has not been followed. Whoever holds the
-- directory in memory reads what is newer than what they know, so rows stay for a while after that.
CREATE TABLE directory_changes (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision   bigint NOT NULL,
  -- 'members': who is in a security group, and nothing else about it.
  kind       text NOT NULL CHECK (kind IN ('user', 'security_group', 'members', 'custom_group')),
  subject    text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  followed   boolean NOT NULL DEFAULT false
);
CREATE INDEX directory_changes_by_revision ON directory_changes (revision);
CREATE INDEX directory_changes_to_follow ON directory_changes (seq) WHERE NOT followed;

-- What was still to be followed when each change was a job of its own.
INSERT INTO directory_changes (revision, kind, subject)
SELECT revision, kind, subject FROM directory_revision, (
  SELECT 'user' AS kind, json_array_elements_text(payload->'usernames') AS subject
    FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
   WHERE t.identifier = 'conversations'
  UNION
  SELECT 'security_group', json_array_elements_text(payload->'groups')
    FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
   WHERE t.identifier = 'conversations') AS waiting;

-- The rooms for which nobody waits, in the order in which they are looked at: by rank, then as they came. Several lanes
-- work side by side. Due again: a new number, and the end of its rank.
CREATE SEQUENCE room_check_lanes MINVALUE 0 MAXVALUE 7 START 0 CYCLE;
ALTER TABLE room_checks
  ADD COLUMN seq  bigint GENERATED ALWAYS AS IDENTITY,
  ADD COLUMN rank integer NOT NULL DEFAULT 0,
  ADD COLUMN lane integer NOT NULL DEFAULT nextval('room_check_lanes'),
  -- Its people's accounts are still to be made: filling it earlier would be half the work twice.
  ADD COLUMN held boolean NOT NULL DEFAULT true;
ALTER TABLE room_checks ALTER COLUMN held DROP DEFAULT;
CREATE INDEX room_checks_in_order ON room_checks (lane, rank, seq) WHERE NOT held;
CREATE INDEX room_checks_held ON room_checks (conversation_id) WHERE held;

-- As in 0024, and a job that waits already keeps its priority when that is the more urgent one: what nobody waits for
-- never puts off what somebody does.
CREATE OR REPLACE FUNCTION queue_jobs(specs json) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  -- In one order everywhere: two transactions that replace the same waiting jobs must not wait for each other.
  jobs graphile_worker.job_spec[] := array(
    SELECT (spec.identifier, spec.payload, NULL, spec.run_at, spec.max_attempts, spec.job_key,
            least(spec.priority, waiting.priority), NULL)::graphile_worker.job_spec
    FROM json_to_recordset(specs) AS spec(
      identifier text, payload json, run_at timestamptz, max_attempts integer, job_key text, priority integer)
    LEFT JOIN graphile_worker._private_jobs waiting
      ON waiting.key = spec.job_key AND waiting.locked_at IS NULL AND waiting.attempts < waiting.max_attempts
    ORDER BY spec.job_key COLLATE "C");
  added integer;
BEGIN
  FOR tries IN 1..100 LOOP
    PERFORM FROM graphile_worker.add_jobs(jobs);
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added = cardinality(jobs) THEN RETURN; END IF;
  END LOOP;
  RAISE EXCEPTION 'jobs could not be added: their forerunners were taken again and again' USING ERRCODE = '40001';
END;
$$;
