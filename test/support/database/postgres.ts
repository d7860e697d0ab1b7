/** A real PostgreSQL for the tests: DATABASE_URL's, or one that is started for this run and thrown away. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { withClient } from "../../../dev/stack/databases.ts";
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
  return (await server).createDatabase(newName());
}

/** The server's migrated database, which each new one is a copy of. */
let template: Promise<string> | undefined;
/** Databases that a test has closed. A pool that is closed leaves its connections for a moment. */
const closed = new Set<string>();

/**
 * A new database, migrated. Close it when done: the next one to be made then removes it. A run makes over a thousand, of
 * nine megabytes each, and would otherwise fill a small machine's disk.
 */
export async function testDatabase(): Promise<Database> {
  server ??= start();
  const postgres = await server;
  template ??= migratedTemplate(postgres);
  const [copied] = await Promise.all([template, dropClosed(postgres)]);
  const name = newName();
  const url = await postgres.createDatabase(name, copied);
  const database = openDatabase({ url, max: 10, onBroken: () => undefined });
  return {
    ...database,
    async close() {
      await database.close();
      closed.add(name);
    },
  };
}

async function migratedTemplate(postgres: Postgres): Promise<string> {
  const name = newName();
  const database = openDatabase({ url: await postgres.createDatabase(name), max: 4 });
  await migrate(database);
  await database.close();
  return name;
}

async function dropClosed(postgres: Postgres): Promise<void> {
  if (closed.size === 0) return;
  const names = [...closed];
  const idle = await withClient(postgres.url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT name FROM unnest($1::text[]) name
       WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = name)`,
      [names],
    );
    return rows.map((row) => row.name);
  });
  for (const name of idle) closed.delete(name);
  await Promise.all(idle.map((name) => postgres.dropDatabase(name)));
}

const newName = () => `test_${randomBytes(6).toString("hex")}`;

/** Ends the server, whose process would otherwise keep the run from ending. See hooks.ts. */
export async function stopTestPostgres(): Promise<void> {
  const started = await server;
  server = undefined;
  template = undefined;
  closed.clear();
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
