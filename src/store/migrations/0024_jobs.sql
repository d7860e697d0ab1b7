-- Adds jobs, surely. graphile_worker.add_jobs first takes the keys of running jobs away and then inserts; a job that a
-- worker takes between the two keeps its key, and the new one is left out without a word. The worker may have looked at
-- the world before this transaction is committed, so what was to be done would be lost. When one was left out, all are
-- added again: its forerunner is then seen to run, and the others replace themselves.
CREATE FUNCTION queue_jobs(specs json) RETURNS void LANGUAGE plpgsql STRICT AS $$
DECLARE
  -- In one order everywhere: two transactions that replace the same waiting jobs must not wait for each other.
  jobs graphile_worker.job_spec[] := array(
    SELECT (identifier, payload, NULL, run_at, max_attempts, job_key, priority, NULL)::graphile_worker.job_spec
    FROM json_to_recordset(specs) AS spec(
      identifier text, payload json, run_at timestamptz, max_attempts integer, job_key text, priority integer)
    ORDER BY job_key COLLATE "C");
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
