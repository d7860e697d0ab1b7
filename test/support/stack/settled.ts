import { existsSync, readFileSync } from "node:fs";
import pg from "pg";
import { eventually } from "../eventually.ts";
import type { TestStack } from "./stack.ts";
import { synapseSends } from "./synapse-sends.ts";

/**
 * Waits until Synapse has told Whisper of every event, and Whisper has done everything: no event waits to be handled, no
 * job to be run, no send. The searches for missing events, which each start queues for two seconds and a minute later,
 * count only with `gaps`, and are then run now.
 */
export async function settled(stack: TestStack, { gaps = false, ms = 60_000 } = {}): Promise<void> {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  const synapse = synapseSends(stack);
  const isIdle = async () => {
    const { rows } = await client.query<{ waiting: number }>(
      `SELECT (SELECT count(*) FROM inbox WHERE handled_at IS NULL AND parked_at IS NULL)::int
                + (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND dropped_at IS NULL)::int
                + (SELECT count(*) FROM room_checks)::int
                + (SELECT count(*) FROM graphile_worker._private_jobs
                    WHERE attempts < max_attempts AND (CASE WHEN key LIKE 'gaps:%' THEN $1
                      ELSE run_at < now() + interval '1 minute' END))::int AS waiting`,
      [gaps],
    );
    return rows[0]?.waiting === 0;
  };
  try {
    await eventually(
      "Whisper to have done everything",
      async () => {
        if (gaps) await client.query(SEARCH_NOW);
        // What Whisper did last makes events that Synapse has still to send, and they may be something to do.
        return (await isIdle()) && synapse.hasSentAll() && (await isIdle());
      },
      ms,
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify([await whatWaits(client), whatIsSaid(stack)])}`);
    });
  } finally {
    synapse.close();
    await client.end();
  }
}

/** graphile-worker does not hear of a new time, only of new jobs. */
const SEARCH_NOW = `
  SELECT graphile_worker.reschedule_jobs(array_agg(id), now()), pg_notify('jobs:insert', '{"r":0,"count":1}')
  FROM graphile_worker._private_jobs
  WHERE key LIKE 'gaps:%' AND locked_at IS NULL AND run_at > now()
  HAVING count(*) > 0`;

/**
 * To find out why: the waiting jobs, events and sends, next first, with their last errors, and what the database is
 * doing.
 */
async function whatWaits(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(
    `(SELECT concat_ws(' ', t.identifier, left(j.key, 30), 'tries', j.attempts, 'running', now() - j.locked_at,
                       'due', to_char(now() - j.run_at, 'MI:SS'), left(j.last_error, 200)) AS line
      FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
      WHERE j.attempts < j.max_attempts ORDER BY j.locked_at NULLS LAST, j.run_at LIMIT 30)
     UNION ALL
     (SELECT concat_ws(' ', 'event', type, attempts, left(last_error, 200)) FROM inbox
      WHERE handled_at IS NULL AND parked_at IS NULL ORDER BY seq LIMIT 5)
     UNION ALL
     (SELECT concat_ws(' ', 'send', type, attempts, left(last_error, 200)) FROM outbox
      WHERE sent_at IS NULL AND dropped_at IS NULL ORDER BY seq LIMIT 5)
     UNION ALL
     (SELECT concat_ws(' ', application_name, state, wait_event, now() - state_change, left(query, 80))
      FROM pg_stat_activity WHERE application_name LIKE 'whisper%' AND state <> 'idle' LIMIT 30)`,
  );
  return rows.map(({ line }) => line);
}

/** Whether Whisper and Synapse are alive, and the last lines of their logs. */
function whatIsSaid(stack: TestStack): unknown {
  const tail = (file: string, lines: number) =>
    (existsSync(file) ? readFileSync(file, "utf8") : "")
      .trimEnd()
      .split("\n")
      .slice(-lines)
      .map((line) => line.slice(0, 300));
  return {
    pids: stack.pids(),
    whisper: stack.whisperLogs.map((file) => tail(file, 8)),
    synapse: tail(stack.synapseLog, 4),
  };
}
