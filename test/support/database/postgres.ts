/** A real PostgreSQL for the tests: DATABASE_URL's, or one that is started for this run and thrown away. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "../../../dev/stack/ports.ts";
import { externalPostgres, type Postgres, startPostgres } from "../../../dev/stack/postgres.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { eventually } from "../eventually.ts";

let server: Promise<Postgres> | undefined;

async function start(): Promise<Postgres> {
  const external = process.env.DATABASE_URL;
  if (external !== undefined && external !== "") return externalPostgres(external);
  const directory = mkdtempSync(join(tmpdir(), "whisper-test-postgres-"));
  const started = await startPostgres({ directory, port: await freePort(), withoutFsync: true });
  // Mocha ends the process when a run is over or interrupted, without waiting for anything asynchronous.
  process.once("exit", () => {
    started.process?.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  return started;
}

export interface OwnPostgres {
  readonly url: string;
  stop(): Promise<void>;
  startAgain(): Promise<void>;
}

/** A server that is not shared, for tests that take it down. */
export async function ownPostgres(): Promise<OwnPostgres> {
  const directory = mkdtempSync(join(tmpdir(), "whisper-test-postgres-"));
  const port = await freePort();
  const startIt = () => startPostgres({ directory, port, withoutFsync: true });
  let running = await startIt();
  process.once("exit", () => {
    running.process?.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    url: running.url,
    stop: () => running.stop(),
    async startAgain() {
      running = await startIt();
    },
  };
}

/** The URL of a new, empty database. */
export async function emptyDatabaseUrl(): Promise<string> {
  server ??= start();
  return (await server).createDatabase(`test_${randomBytes(6).toString("hex")}`);
}

/** A new database, migrated. Close it when done. */
export async function testDatabase(): Promise<Database> {
  const database = openDatabase({ url: await emptyDatabaseUrl(), max: 10, onBroken: () => undefined });
  await migrate(database);
  return database;
}

/** Ends the server, whose process would otherwise keep the run from ending. See hooks.ts. */
export async function stopTestPostgres(): Promise<void> {
  const started = await server;
  server = undefined;
  if (started?.process !== undefined) await untilAlone(started.url);
  await started?.stop();
}

/**
 * A closed pool does not wait until its connections are gone. If the server cuts one off, that is an uncaught error.
 */
async function untilAlone(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await eventually("the tests' connections to be closed", async () => {
      const others = await client.query(
        "SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
      );
      return others.rowCount === 0;
    });
  } finally {
    await client.end();
  }
}
