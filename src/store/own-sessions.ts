import { randomUUID } from "node:crypto";
import pg from "pg";

/** Whisper cannot work through what is between it and PostgreSQL. The message says why, and what to do. */
export class SharedSessions extends Error {
  override readonly name = "SharedSessions";
}

const WHY =
  "Whisper's connections go through a pooler, such as PgBouncer in transaction mode, that shares them between " +
  "transactions. Whisper holds locks and receives notifications on its connections, so work would be lost or done twice. " +
  "Set database.url to PostgreSQL itself, or to a pool with pool_mode = session and ignore_startup_parameters = statement_timeout.";

/** Milliseconds per query. */
const PATIENCE = 5_000;

/**
 * Checks that a connection is one PostgreSQL session for as long as it is open. Two connections each set a variable of
 * their session. The later one then holds a transaction open, and both read theirs: if sessions are shared, one of them
 * finds the other's value or none, whichever free session a pooler assigns.
 * @throws SharedSessions if sessions are shared; another error if the database does not answer.
 */
export async function requireOwnSessions(url: string): Promise<void> {
  const open = () =>
    new pg.Client({
      connectionString: url,
      application_name: "whisper",
      connectionTimeoutMillis: PATIENCE,
      query_timeout: PATIENCE,
      // As the pool does: a pooler may refuse it.
      statement_timeout: PATIENCE,
    });
  const [first, second] = [open(), open()];
  for (const client of [first, second]) client.on("error", () => undefined);
  try {
    const own = new Map<pg.Client, string>();
    for (const client of [first, second]) {
      await client.connect();
      const mark = randomUUID();
      own.set(client, mark);
      await client.query("SELECT set_config('whisper.session', $1, false)", [mark]);
    }
    await second.query("BEGIN");
    for (const client of [second, first]) {
      const mark = await markOf(client, second);
      if (mark !== own.get(client)) throw new SharedSessions(WHY);
    }
    await second.query("ROLLBACK");
  } catch (error) {
    // Poolers refuse in their own words what they cannot carry.
    if (/unsupported startup parameter|statement pooling|transaction pooling/i.test(messageOf(error))) {
      throw new SharedSessions(WHY, { cause: error });
    }
    throw error;
  } finally {
    await Promise.allSettled([first.end(), second.end()]);
  }
}

/** The mark in `client`'s session; null: none, or no session is left while `holder` has one. */
async function markOf(client: pg.Client, holder: pg.Client): Promise<unknown> {
  try {
    const { rows } = await client.query("SELECT current_setting('whisper.session', true) AS mark");
    return rows[0]?.mark ?? null;
  } catch (error) {
    if (client === holder || messageOf(error) !== "Query read timeout") throw error;
    // The database answers, but not this connection.
    await holder.query("SELECT 1");
    return null;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "");
