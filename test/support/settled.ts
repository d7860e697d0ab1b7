import pg from "pg";
import { eventually } from "./eventually.ts";
import type { TestStack } from "./stack.ts";

/**
 * Waits until Whisper has carried out all that it was told: no event waits to be handled, no job to be run, no send. The
 * look for missing events that follows each start a few seconds later counts only when asked for.
 */
export async function settled(stack: TestStack, { gaps = false, ms = 60_000 } = {}): Promise<void> {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  try {
    await eventually(
      "Whisper to have done everything",
      async () => {
        const { rows } = await client.query<{ waiting: number }>(
          `SELECT (SELECT count(*) FROM inbox WHERE handled_at IS NULL AND parked_at IS NULL)::int
                + (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dropped_at IS NULL)::int
                + (SELECT count(*) FROM graphile_worker._private_jobs
                    WHERE attempts < max_attempts AND run_at < now() + interval '1 minute'
                      AND ($1 OR key NOT LIKE 'gaps:%'))::int AS waiting`,
          [gaps],
        );
        return rows[0]?.waiting === 0;
      },
      ms,
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(await whatWaits(client))}`);
    });
  } finally {
    await client.end();
  }
}

/** For whoever has to find out why: the jobs, events and sends that wait, with what went wrong last. */
async function whatWaits(client: pg.Client): Promise<unknown[]> {
  const { rows } = await client.query(
    `SELECT t.identifier AS what, j.key AS which, j.attempts, left(j.last_error, 300) AS error, j.locked_at IS NOT NULL AS running
     FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
     WHERE j.attempts < j.max_attempts
     UNION ALL SELECT 'event ' || type, room_id, attempts, last_error, false FROM inbox
     WHERE handled_at IS NULL AND parked_at IS NULL
     UNION ALL SELECT 'send ' || type, ref, attempts, last_error, false FROM outbox
     WHERE sent_at IS NULL AND dropped_at IS NULL
     LIMIT 20`,
  );
  return rows;
}
