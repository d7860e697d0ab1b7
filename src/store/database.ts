import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Pool, PoolClient, QueryResult, QueryResultRow } from "pg";
import pg from "pg";

/** Runs SQL: a connection inside a transaction, or the pool, where each statement stands alone. */
export interface Queryable {
  query<R extends QueryResultRow = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<R>>;
}

/**
 * A connection inside a transaction: everything it writes is committed together or not at all. Statements issued
 * together run in the order they were issued, each seeing the effects of those before it.
 */
export interface Transaction extends Queryable {
  readonly inTransaction: true;
  /** Makes `Database.committed` emit this once the transaction is committed. */
  announce(event: string, subject: unknown): void;
}

export interface Database extends Queryable {
  readonly pool: Pool;
  /** What transactions of this process announced. Only hints: the process may die between the commit and these. */
  readonly committed: EventEmitter;
  /** Runs `work` in one transaction (READ COMMITTED): committed when it resolves, rolled back when it throws. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** The most connections. */
  readonly max?: number;
  /** Called for connections that broke. */
  readonly onBroken?: (error: Error) => void;
}

/** Opens a pool. Connects lazily: if the database is down, that shows at the first query. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max ?? 20,
    connectionTimeoutMillis: 5_000,
    // So that the first booking after a quiet period need not wait for new connections.
    min: 4,
    application_name: "whisper",
    // A statement that hangs holds its connection; none of ours takes this long.
    statement_timeout: 60_000,
    // Statements that do not wait for each other are sent together; PostgreSQL runs them in the order they were issued.
    pipeline: true,
  });
  const broke = (error: Error) => options.onBroken?.(error);
  pool.on("error", broke);
  // A connection that breaks while in use fails its query and also emits an event, which must have a listener.
  pool.on("connect", (client) => client.on("error", broke));
  // A lent connection that breaks between two queries would end the process. Its next query fails instead.
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
    // Issued together, so BEGIN is sent with the first statement. It fails only with the connection, and then so does
    // the statement.
    const [, result] = await Promise.all([client.query("BEGIN"), work(transactionOf(client, news))]);
    await client.query("COMMIT");
    for (const [event, subject] of news) committed.emit(event, subject);
    return result;
  } catch (error) {
    try {
      await client.query("ROLLBACK");
    } catch (rollbackError) {
      // The connection is gone, and the transaction with it: return it as broken.
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

/** Names by the statements' text: as many as are in the source. */
const names = new Map<string, string>();

/**
 * A statement with values is parsed once per connection. One without may be several statements, which cannot be
 * prepared.
 */
function prepared(text: string, values: readonly unknown[] | undefined): pg.QueryConfig {
  if (values === undefined) return { text };
  let name = names.get(text);
  if (name === undefined) {
    name = createHash("sha256").update(text).digest("base64url");
    names.set(text, name);
  }
  return { name, text, values: values as unknown[] };
}

/** The only row of a statement that always returns one. Throws if it returned none. */
export function onlyRow<R extends QueryResultRow>(result: QueryResult<R>): R {
  const row = result.rows[0];
  if (row === undefined) throw new Error("a statement that always returns a row returned none");
  return row;
}

/** Errors that mean the database cannot be reached or is going down, so that the caller answers 503. */
export function isDatabaseDown(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^(08|57P0)/.test(code) || code === "53300") return true;
  if (["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "EPIPE", "EAI_AGAIN"].includes(code))
    return true;
  return /timeout exceeded when trying to connect|Connection terminated|is not queryable/.test(error.message);
}
