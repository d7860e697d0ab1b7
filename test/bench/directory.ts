import { setTimeout as pause } from "node:timers/promises";
import { mustCallApi } from "../../dev/clients/api.ts";
import { inParallel } from "../../src/base/in-parallel.ts";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { nameOf } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { accountOf, homeserver, rowsOf, startStraight, withBenchStack } from "./bench-stack.ts";
import { megabytes } from "./memory.ts";

/** As many calls at a time as Whisper makes for accounts. */
const AT_ONCE = 8;

export const directory: Bench = {
  name: "directory",
  summary:
    "a practice group of 10,000: import, accounts beside raw ones, import once more, memory, a restart",
  minutes: 30,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  const [users, groups] = smoke ? [300, 10] : [10_000, 200];
  const sent = practice(users, groups);
  await stack.stopWhisper();
  const empty = await restart(stack);
  await stack.stopWhisper();
  await startStraight(stack);

  const memory = new Memory(stack);
  const before = memory.now();
  say(`${users} users and ${groups} groups`);
  const began = performance.now();
  await mustCallApi(stack, "PUT", "/api/v1/directory", sent);
  const imported = performance.now() - began;
  const rates = await accountsBesideRaw(stack, began, users + groups, smoke ? 100 : 2_000, say);
  // The first of the rooms are made in the meantime.
  await pause(smoke ? 1_000 : 10_000);
  const after = memory.now();

  await stack.stopWhisper();
  await putRoomsAside(stack);
  const rooms = await searchedRooms(stack);
  say("restarting");
  const full = await restart(stack);
  for (const call of full.calls) say(`  ${call}`);
  // The search for missing events, shortly after a start, is not part of the import.
  await settled(stack, { gaps: true });
  stack.proxy.forget();
  const again = performance.now();
  await mustCallApi(stack, "PUT", "/api/v1/directory", sent);
  const reimported = performance.now() - again;
  await settled(stack);
  const reimportCalls = callsOfWhisper(stack);
  const highest = memory.stop();
  const registered = await plainRegistrations(stack, smoke ? 50 : 500);

  return [
    { what: `import of ${users} users, answered after`, unit: "s", whisper: imported / 1_000 },
    {
      what: "accounts made, beside raw in the same way",
      unit: "/s",
      raw: rates.raw,
      whisper: rates.whisper,
      goal: { of: "ratio", atLeast: 0.9 },
    },
    {
      what: "… beside raw ones without a picture",
      unit: "/s",
      raw: rates.withoutPicture,
      whisper: rates.whisper,
    },
    { what: "accounts made, beside raw /register", unit: "/s", raw: registered, whisper: rates.whisper },
    {
      what: "import again, unchanged",
      unit: "s",
      whisper: reimported / 1_000,
      goal: { of: "figure", atMost: 2 },
    },
    {
      what: "calls of the homeserver by that",
      unit: "calls",
      whisper: reimportCalls.length,
      goal: { of: "figure", atMost: 0 },
    },
    { what: "memory before", unit: "MB", whisper: before },
    { what: "memory at most", unit: "MB", whisper: highest, goal: { of: "figure", atMost: 250 } },
    { what: "memory after", unit: "MB", whisper: after },
    {
      what: "ready after a restart (raw: with nobody)",
      unit: "s",
      raw: empty.ready / 1_000,
      whisper: full.ready / 1_000,
      goal: { of: "figure", atMost: 2 },
    },
    {
      what: "calls of the homeserver at start (raw: with nobody)",
      unit: "calls",
      raw: empty.calls.filter(isOfStart).length,
      whisper: full.calls.filter(isOfStart).length,
      goal: { of: "ratio", atMost: 1 },
    },
    {
      what: "… of the search for missing events (raw: rooms in use or new)",
      unit: "calls",
      raw: rooms,
      whisper: full.calls.filter((call) => SEARCH.test(call)).length,
      goal: { of: "ratio", atMost: 1.1 },
    },
  ];
}

/** The search for missing events must ask for each room: no call of Synapse says what happened in all of them. */
const SEARCH = /^GET .*\/rooms\/[^/]+\/messages$/;
/** What the stop interrupted is sent now. That is work of the import, which starting anew only continues. */
const INTERRUPTED = /^PUT .*\/send\//;
const isOfStart = (call: string): boolean => !SEARCH.test(call) && !INTERRUPTED.test(call);

/** How many rooms the search after a start looks at: those in which somebody wrote in two weeks, and new ones. */
async function searchedRooms(stack: TestStack): Promise<number> {
  const [row] = await rowsOf<{ rooms: number }>(
    stack,
    `SELECT count(*)::int AS rooms FROM conversations
     WHERE room_id IS NOT NULL AND (last_activity_at > now() - interval '14 days'
       OR (last_activity_at IS NULL AND created_at > now() - interval '1 day'))`,
  );
  return row?.rooms ?? 0;
}

function practice(users: number, groups: number) {
  const usernames = Array.from({ length: users }, (_, index) => `staff.${index}`);
  return {
    users: usernames.map((username, index) => ({
      username,
      name: nameOf(username),
      role: "Nurse",
      email: `${username}@practice.example`,
      doctor: index % 20 === 0,
      locations: [`Location ${index % 30}`],
    })),
    security_groups: Array.from({ length: groups }, (_, group) => ({
      id: `group-${group}`,
      name: `Group ${group}`,
      members: Array.from({ length: 50 }, (_, member) => usernames[(group * 47 + member * 13) % users]),
    })),
  };
}

/**
 * Follows Whisper making the accounts. Now and then stops it while the raw client makes some in the same way, so that
 * both are measured under the same load and with as many existing accounts. Accounts are made with their picture: set
 * later, it would be one more event in each room they are in.
 */
async function accountsBesideRaw(
  stack: TestStack,
  began: number,
  wanted: number,
  between: number,
  say: (line: string) => void,
): Promise<{ raw: number; withoutPicture: number; whisper: number }> {
  const synapse = homeserver(stack, AT_ONCE);
  const pid = stack.pids().whisper ?? 0;
  const raw = { made: 0, ms: 0 };
  const withoutPicture = { made: 0, ms: 0 };
  let next = between / 2;
  let made = 0;
  for (;;) {
    [made = 0] = (await rowsOf<{ made: number }>(stack, "SELECT count(*)::int AS made FROM accounts")).map(
      (row) => row.made,
    );
    if (made >= wanted) break;
    if (made < next) {
      await pause(200);
      continue;
    }
    next += between;
    process.kill(pid, "SIGSTOP");
    try {
      // Calls in progress finish first.
      await pause(300);
      const stopped = performance.now();
      for (const [some, picture] of [
        [withoutPicture, false],
        [raw, true],
      ] as const) {
        const started = performance.now();
        const names = Array.from({ length: between / 10 }, (_, each) => `raw.${picture}.${some.made + each}`);
        await inParallel(names, AT_ONCE, async (name) => {
          const path = `/_synapse/admin/v2/users/${encodeURIComponent(stack.userId(name))}`;
          const { displayname, avatar_url } = accountOf(stack, name, `${nameOf(name)} (Nurse)`);
          await synapse.call("PUT", path, { displayname, ...(picture ? { avatar_url } : {}) });
        });
        some.made += names.length;
        some.ms += performance.now() - started;
      }
      say(
        `${made} accounts; raw ${rate(raw).toFixed(0)}/s, ${rate(withoutPicture).toFixed(0)}/s without pictures`,
      );
      began += performance.now() - stopped + 300;
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }
  synapse.close();
  const whisper = rate({ made, ms: performance.now() - began });
  return { raw: rate(raw), withoutPicture: rate(withoutPicture), whisper };
}

const rate = ({ made, ms }: { made: number; ms: number }): number => (made * 1_000) / ms;

/** The appservice's own way to make accounts, without display names. */
async function plainRegistrations(stack: TestStack, count: number): Promise<number> {
  const synapse = homeserver(stack, AT_ONCE);
  const started = performance.now();
  const names = Array.from({ length: count }, (_, index) => `ht_plain.${index}`);
  await inParallel(names, AT_ONCE, async (username) => {
    const body = { type: "m.login.application_service", username, inhibit_login: true };
    await synapse.call("POST", "/_matrix/client/v3/register", body);
  });
  synapse.close();
  return (count * 1_000) / (performance.now() - started);
}

/** Making the rooms of 10,000 people takes Synapse an hour. They are not measured from here on. */
async function putRoomsAside(stack: TestStack): Promise<void> {
  await rowsOf(
    stack,
    "SELECT graphile_worker.complete_jobs(array(SELECT id FROM graphile_worker._private_jobs WHERE key LIKE 'room:%'))",
  );
  await rowsOf(stack, "DELETE FROM room_checks");
}

/**
 * Starts Whisper behind the proxy. @returns milliseconds until it is ready, and homeserver calls until it is at rest.
 */
async function restart(stack: TestStack): Promise<{ ready: number; calls: string[] }> {
  stack.proxy.forget();
  await rowsOf(stack, "DELETE FROM graphile_worker._private_jobs WHERE key = 'gaps:again'");
  const began = performance.now();
  await stack.startWhisper();
  const ready = performance.now() - began;
  await eventually("the search for missing events", async () => (await searchesDone(stack)) === 1, 120_000);
  await eventually("Whisper to be at rest", () => settled(stack).then(() => true), 120_000);
  return { ready, calls: callsOfWhisper(stack) };
}

/** The search after a start queues the next one when it is done. */
async function searchesDone(stack: TestStack): Promise<number> {
  return (await rowsOf(stack, "SELECT FROM graphile_worker._private_jobs WHERE key = 'gaps:again'")).length;
}

/** Health checks call whoami repeatedly, for as long as someone looks. */
const callsOfWhisper = (stack: TestStack): string[] =>
  stack.proxy
    .requests({ token: stack.appserviceToken, path: /^(?!.*\/account\/whoami$)/ })
    .map(({ method, path }) => `${method} ${decodeURIComponent(path)}`);

/** Reads Whisper's memory four times a second. */
class Memory {
  readonly #stack: TestStack;
  readonly #timer: NodeJS.Timeout;
  #highest = 0;

  constructor(stack: TestStack) {
    this.#stack = stack;
    this.#timer = setInterval(() => this.now(), 250);
  }

  /** 0 while Whisper is not running. */
  now(): number {
    const pid = this.#stack.pids().whisper;
    if (pid === undefined) return 0;
    try {
      const held = megabytes(pid);
      this.#highest = Math.max(this.#highest, held);
      return held;
    } catch {
      return 0;
    }
  }

  /** @returns the highest value seen. */
  stop(): number {
    clearInterval(this.#timer);
    return this.#highest;
  }
}
