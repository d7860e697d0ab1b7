import { randomUUID } from "node:crypto";
import pg from "pg";

/** Whisper cannot work through what stands between it and PostgreSQL. The message says why, and what to do. */
export class SharedSessions extends Error {
  override readonly name = "SharedSessions";
}

const WHY =
  "Whisper's connections go through a pooler, such as PgBouncer in transaction mode, that gives them to others between two " +
  "transactions. Whisper keeps locks on its connections and is told of news on them, so work would be lost or done twice. " +
  "Let database.url name PostgreSQL itself, or a pool with pool_mode = session and ignore_startup_parameters = statement_timeout.";

/** Milliseconds for one question. */
const PATIENCE = 5_000;

/**
 * Makes sure that a connection is one session of PostgreSQL for as long as it is open. Two connections each set a variable of
 * their session. The later one then holds a transaction open and both look at theirs: where sessions are shared, one of
 * them finds another's value or none, whichever free session a pooler hands out.
 * @throws SharedSessions when sessions are shared; another error when the database does not answer.
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
    // Poolers refuse what they cannot carry in their own words.
    if (/unsupported startup parameter|statement pooling|transaction pooling/i.test(messageOf(error))) {
      throw new SharedSessions(WHY, { cause: error });
    }
    throw error;
  } finally {
    await Promise.allSettled([first.end(), second.end()]);
  }
}

/** What the session of `client` was marked with; null: none, or there is no session left while `holder` has one. */
async function markOf(client: pg.Client, holder: pg.Client): Promise<unknown> {
  try {
    const { rows } = await client.query("SELECT current_setting('whisper.session', true) AS mark");
    return rows[0]?.mark ?? null;
  } catch (error) {
    if (client === holder || messageOf(error) !== "Query read timeout") throw error;
    // The database answers, only not to this one.
    await holder.query("SELECT 1");
    return null;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : "");
