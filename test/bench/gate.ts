import { Agent, request } from "node:http";
import { z } from "zod";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { putGroup, putUser } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { homeserver, rawSend, rowsOf, withBenchStack } from "./bench-stack.ts";
import { KeptConnection } from "./kept-connection.ts";
import { megabytes } from "./memory.ts";
import { median, percentile } from "./numbers.ts";

const GROUP = "ward";
const [DIRECT, GATED] = ["dora", "gil"];

export const gate: Bench = {
  name: "gate",
  summary:
    "a message until it is seen, by a client at the read gate and one at Synapse; and clients that wait",
  minutes: 1,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  const rounds = smoke ? 10 : 150;
  for (const username of [DIRECT, GATED]) await putUser(stack, username);
  await putGroup(stack, GROUP, [DIRECT, GATED]);
  const room = await eventually("the group's room to be made", () => roomOf(stack), 60_000);
  await settled(stack);
  const synapse = homeserver(stack);
  const direct = await Waiter.signIn(stack, DIRECT, stack.synapse);
  const gated = await Waiter.signIn(stack, GATED, stack.homeserver);

  const [raw, whisper]: [number[], number[]] = [[], []];
  for (let round = -5; round < rounds; round++) {
    // Each message is for one of them: with two, whoever is told second would always be later.
    for (const [waiter, times] of [
      [direct, raw],
      [gated, whisper],
    ] as const) {
      const seen = waiter.until(`round ${round}`);
      const started = performance.now();
      await rawSend(synapse, room, "m.room.message", { msgtype: "m.text", body: `round ${round}` });
      const at = await seen;
      if (round >= 0) times.push(at - started);
      await (waiter === direct ? gated : direct).until(`round ${round}`);
      await settled(stack);
    }
  }
  const clients = smoke ? 60 : 1_000;
  const people = await staff(stack, Math.ceil(clients / DEVICES));
  say(`${clients} clients wait`);
  const pid = stack.pids().whisper ?? 0;
  const before = megabytes(pid);
  const held = [];
  for (const [index, waiter] of people.entries())
    held.push(await waiter.hold(Math.min(DEVICES, clients - index * DEVICES)));
  const after = megabytes(pid);
  for (const end of held) end();
  for (const waiter of people) waiter.close();
  synapse.close();
  direct.close();
  gated.close();
  const goal = { of: "ratio", atMost: 1.1 } as const;
  return [
    {
      what: "message until it is seen through the gate (raw: at Synapse), median",
      unit: "ms",
      raw: median(raw),
      whisper: median(whisper),
      goal,
    },
    {
      what: "message until it is seen through the gate (raw: at Synapse), p95",
      unit: "ms",
      raw: percentile(raw, 0.95),
      whisper: percentile(whisper, 0.95),
    },
    { what: `memory for ${clients} held syncs`, unit: "MB", whisper: after - before },
  ];
}

/** One person's clients: the gate holds at most 32 syncs for each person. */
const DEVICES = 30;

/** People who are signed in and wait for messages. */
async function staff(stack: TestStack, count: number): Promise<readonly Waiter[]> {
  const names = Array.from({ length: count }, (_, index) => `waiter.${index}`);
  for (const name of names) await putUser(stack, name);
  await settled(stack);
  const waiters: Waiter[] = [];
  for (const name of names) waiters.push(await Waiter.signIn(stack, name, stack.homeserver));
  await settled(stack);
  return waiters;
}

async function roomOf(stack: TestStack): Promise<string | undefined> {
  const [row] = await rowsOf<{ room_id: string }>(
    stack,
    "SELECT room_id FROM conversations WHERE kind = 'group' AND security_group = $1 AND room_id IS NOT NULL",
    [GROUP],
  );
  return row?.room_id;
}

const synced = z.looseObject({ next_batch: z.string() });

/** A client that only waits for messages. */
class Waiter {
  readonly #base: string;
  readonly #token: string;
  readonly #connection: KeptConnection;
  #since: string | undefined;

  private constructor(base: string, token: string) {
    this.#base = base;
    this.#token = token;
    this.#connection = new KeptConnection(base, token);
  }

  static async signIn(stack: TestStack, username: string, base: string): Promise<Waiter> {
    const person = await stack.signIn(username, { withoutSync: true });
    const waiter = new Waiter(base, person.client.getAccessToken() ?? "");
    await waiter.#sync(0);
    return waiter;
  }

  async #sync(timeout: number): Promise<string> {
    const since = this.#since === undefined ? "" : `&since=${this.#since}`;
    const answer = await this.#connection.call(
      "GET",
      `/_matrix/client/v3/sync?timeout=${timeout}${since}`,
      {},
    );
    this.#since = synced.parse(answer).next_batch;
    return JSON.stringify(answer);
  }

  /** Waits for a message. @returns when it arrived, by performance.now. */
  async until(text: string): Promise<number> {
    for (;;) if ((await this.#sync(30_000)).includes(`"${text}"`)) return performance.now();
  }

  /** Holds this many syncs open at once. @returns what ends them. */
  async hold(count: number): Promise<() => void> {
    await this.#sync(0);
    const agent = new Agent({ keepAlive: true, maxSockets: count });
    const { promise, resolve } = Promise.withResolvers<void>();
    let open = 0;
    let answered = 0;
    for (let index = 0; index < count; index++) {
      const path = `/_matrix/client/v3/sync?timeout=60000&since=${this.#since}`;
      const asked = request(`${this.#base}${path}`, {
        agent,
        headers: { authorization: `Bearer ${this.#token}` },
      });
      asked.on("error", () => undefined);
      asked.on("response", () => answered++);
      asked.on("finish", () => {
        if (++open === count) resolve();
      });
      asked.end();
    }
    await promise;
    // A later request has been answered, so they have been passed on to Synapse.
    await this.#connection.call("GET", "/_matrix/client/versions", {});
    if (answered > 0) throw new Error(`${answered} syncs were answered that should have been held`);
    return () => agent.destroy();
  }

  close(): void {
    this.#connection.close();
  }
}
