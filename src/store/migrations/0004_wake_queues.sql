-- Jobs of one queue run one after another. graphile-worker looks for the next one while it still writes down that the
-- last one is done, finds the queue taken, and then waits for its next poll: two seconds in which a message stands
-- still. This wakes a worker at the moment at which a queue that has more to do becomes free.
CREATE INDEX whisper_ready_by_queue ON graphile_worker._private_jobs (job_queue_id, run_at)
  WHERE is_available AND job_queue_id IS NOT NULL;

CREATE FUNCTION whisper_wake_queue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM graphile_worker._private_jobs
             WHERE job_queue_id = NEW.id AND is_available AND run_at <= now()) THEN
    PERFORM pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":1}');
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER whisper_wake_queue AFTER UPDATE ON graphile_worker._private_job_queues
  FOR EACH ROW WHEN (OLD.locked_by IS NOT NULL AND NEW.locked_by IS NULL)
  EXECUTE FUNCTION whisper_wake_queue();
