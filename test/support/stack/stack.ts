/** The stack that the end-to-end tests in one process share. The first test that asks for it starts it. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { identify } from "../../../dev/base/processes.ts";
import { workFolder } from "../../../dev/base/repository.ts";
import { Person, type SignInOptions } from "../../../dev/clients/person.ts";
import { externalPostgres } from "../../../dev/stack/postgres.ts";
import { type Stack, type StackOptions, startStack } from "../../../dev/stack/stack.ts";
import { openState } from "../../../dev/stack/state.ts";
import { FaultProxy } from "../homeserver/fault-proxy.ts";
import { startSecondWhisper } from "./second-whisper.ts";

export interface TestStack extends Stack {
  /** Between Whisper and Synapse. */
  readonly proxy: FaultProxy;
  /** One for each Whisper process. */
  readonly whisperLogs: readonly string[];
  /** Gives the account a password and signs in through the read gate. The person stops with the stack at the latest. */
  signIn(username: string, options?: StaffSignIn): Promise<Person>;
}

export interface StaffSignIn extends SignInOptions {
  /** Past the read gate, for a client that must continue while Whisper, and with it the gate, is killed. */
  readonly pastTheGate?: boolean;
}

const PASSWORD = "only-for-tests";
let counter = 0;
let shared: Promise<TestStack> | undefined;

/** The shared stack. Tests use their own names in it, not a fresh stack each. */
export function sharedStack(): Promise<TestStack> {
  shared ??= freshStack();
  return shared;
}

/** After the last test of a run, see hooks.ts. */
export async function stopSharedStack(): Promise<void> {
  const stack = shared;
  shared = undefined;
  await (await stack)?.stop();
}

/** A separate stack for a test that kills, starves or reconfigures what others need. The caller stops it. */
export async function freshStack(options: Partial<StackOptions> = {}): Promise<TestStack> {
  await sweep();
  const name = `test-${process.pid}-${++counter}`;
  const stateDir = join(workFolder(), name);
  rmSync(stateDir, { recursive: true, force: true });
  const database = await ownDatabase(name);
  const databaseUrl = await database?.create();
  const proxies: FaultProxy[] = [];
  const stack = await startStack({
    ports: "auto",
    withoutFsync: true,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...options,
    stateDir,
    async homeserverUrlForWhisper(synapseUrl) {
      const proxy = await FaultProxy.start(synapseUrl);
      proxies.push(proxy);
      return proxy.url;
    },
  }).catch(async (error: unknown) => {
    for (const proxy of proxies) await proxy.stop();
    await database?.drop();
    throw error;
  });
  const [proxy] = proxies;
  if (proxy === undefined) throw new Error("the stack was started without its proxy");

  // `WHISPER_PROCESSES=2 npm run test:e2e` runs everything with two Whispers on one database.
  const second =
    process.env.WHISPER_PROCESSES === "2" ? await startSecondWhisper(stack, options.env) : undefined;
  const people: Person[] = [];
  return {
    ...stack,
    proxy,
    whisperLogs: [stack.whisperLog, ...(second ? [second.log] : [])],
    async signIn(username, { pastTheGate, ...signInOptions } = {}) {
      await stack.setPassword(username, PASSWORD);
      const credentials = { user: stack.userId(username), password: PASSWORD };
      const address = pastTheGate ? stack.synapse : stack.homeserver;
      const person = await Person.signIn(address, credentials, signInOptions);
      people.push(person);
      return person;
    },
    async stop() {
      for (const person of people) person.stop();
      await second?.stop();
      await stack.stop();
      await proxy.stop();
      await database?.drop();
      if (process.env.KEEP_TEST_STATE === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Ends and removes the stacks of processes that have ended without stopping them: a test's worker, or a killed run. */
export async function sweep(): Promise<void> {
  const home = workFolder();
  for (const name of existsSync(home) ? readdirSync(home) : []) {
    const pid = /^test-(\d+)-\d+$/.exec(name)?.[1];
    if (pid === undefined || identify(Number(pid)) !== undefined) continue;
    const path = join(home, name);
    (await openState(path)).release();
    await (await ownDatabase(name))?.drop();
    if (process.env.KEEP_TEST_STATE === undefined) rmSync(path, { recursive: true, force: true });
  }
}

/** With DATABASE_URL each stack gets a database of its own on that server. Without, it has a server of its own. */
async function ownDatabase(stackName: string) {
  const given = process.env.DATABASE_URL;
  if (!given) return undefined;
  const server = await externalPostgres(given);
  const name = `whisper_${stackName.replaceAll("-", "_")}`;
  return { create: () => server.createDatabase(name), drop: () => server.dropDatabase(name) };
}
