import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Pool, PoolClient, QueryResult, QueryResultRow } from "pg";
import pg from "pg";

/** What runs SQL: a connection inside a transaction, or the pool where each statement stands for itself. */
export interface Queryable {
  query<R extends QueryResultRow = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<R>>;
}

/**
 * A connection inside a transaction: what it writes is committed together or not at all. Statements asked for together
 * are carried out in the order in which they were asked, each seeing what those before it did.
 */
export interface Transaction extends Queryable {
  readonly inTransaction: true;
  /** Has `Database.committed` emit this once the transaction is committed. */
  announce(event: string, subject: unknown): void;
}

export interface Database extends Queryable {
  readonly pool: Pool;
  /** What transactions of this process announced. Hints: the process may die between the commit and these. */
  readonly committed: EventEmitter;
  /** Runs `work` in one transaction (READ COMMITTED): committed when it resolves, rolled back when it throws. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Connections at most. */
  readonly max?: number;
  /** Told of connections that broke. */
  readonly onBroken?: (error: Error) => void;
}

/** Opens a pool. Connects lazily: a database that is down shows at the first query. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max ?? 20,
    connectionTimeoutMillis: 5_000,
    // The first booking after a quiet while does not wait for connections to be made.
    min: 4,
    application_name: "whisper",
    // A statement that hangs holds its connection; nothing of ours takes this long.
    statement_timeout: 60_000,
    // Statements that do not wait for each other go out together; PostgreSQL runs them in the order they were asked.
    pipeline: true,
  });
  const broke = (error: Error) => options.onBroken?.(error);
  pool.on("error", broke);
  // A connection in use that breaks fails its query, and says so as an event too, which nobody may leave unheard.
  pool.on("connect", (client) => client.on("error", broke));
  // A connection that breaks while it is lent out, between two queries, would end the process. Its next query fails.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const committed = new EventEmitter();
  return {
    pool,
    committed,
    query: (text, values) => pool.query(prepared(text, values)),
    transaction: (work) => inTransaction(pool, committed, work),
    close: () => pool.end(),
  };
}

async function inTransaction<T>(
  pool: Pool,
  committed: EventEmitter,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const news: [string, unknown][] = [];
  try {
    // Asked together, so BEGIN goes out with the first statement. It fails only with the connection, as that one then does.
    const [, result] = await Promise.all([client.query("BEGIN"), work(transactionOf(client, news))]);
    await client.query("COMMIT");
    for (const [event, subject] of news) committed.emit(event, subject);
    return result;
  } catch (error) {
    try {
      await client.query("ROLLBACK");
    } catch (rollbackError) {
      // The connection is gone, and with it the transaction: hand it back as broken.
      broken = rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError));
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

function transactionOf(client: PoolClient, news: [string, unknown][]): Transaction {
  return {
    inTransaction: true,
    query: (text, values) => client.query(prepared(text, values)),
    announce: (event, subject) => void news.push([event, subject]),
  };
}

/** Names by the text of statements: as many as are written in the source. */
const names = new Map<string, string>();

/** A statement with values is parsed once for each connection. One without may be several statements, which cannot be. */
function prepared(text: string, values: readonly unknown[] | undefined): pg.QueryConfig {
  if (values === undefined) return { text };
  let name = names.get(text);
  if (name === undefined) {
    name = createHash("sha256").update(text).digest("base64url");
    names.set(text, name);
  }
  return { name, text, values: values as unknown[] };
}

/** The only row of a statement that always gives one. Throws when it gave none. */
export function onlyRow<R extends QueryResultRow>(result: QueryResult<R>): R {
  const row = result.rows[0];
  if (row === undefined) throw new Error("a statement that always gives a row gave none");
  return row;
}

/** Errors that say the database cannot be reached or is going down, so that the caller answers 503. */
export function isDatabaseDown(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^(08|57P0)/.test(code) || code === "53300") return true;
  if (["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "EPIPE", "EAI_AGAIN"].includes(code))
    return true;
  return /timeout exceeded when trying to connect|Connection terminated|is not queryable/.test(error.message);
}
