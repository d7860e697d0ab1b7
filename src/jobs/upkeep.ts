import type { Database } from "../store/database.ts";

/**
 * Removes what is no longer needed: jobs that were replaced while they ran and then failed (they have lost their key,
 * and a newer one does their work). Everything with a key stays: it is a dead letter that someone must see.
 */
export async function clearReplacedJobs(database: Database): Promise<void> {
  await database.query(
    `SELECT count(*) FROM graphile_worker.complete_jobs(array(
       SELECT id FROM graphile_worker._private_jobs
       WHERE key IS NULL AND attempts >= max_attempts AND locked_at IS NULL LIMIT 10000))`,
  );
}
