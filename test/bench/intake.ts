import { randomBytes } from "node:crypto";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/settled.ts";
import type { TestStack } from "../support/stack.ts";
import { putGroup, putUser } from "../support/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { asSynapse, ping, rowsOf, withBenchStack } from "./bench-stack.ts";
import { median, percentile } from "./numbers.ts";

const GROUPS = Array.from({ length: 10 }, (_, index) => `team-${index}`);
const STAFF = ["ada", "ben", "cleo"];

export const intake: Bench = {
  name: "intake",
  summary:
    "how soon Whisper has taken what Synapse sends: made-up messages in real rooms, one transaction at a time",
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  for (const username of STAFF) await putUser(stack, username);
  for (const group of GROUPS) await putGroup(stack, group, STAFF);
  const rooms = await eventually("the groups' rooms to be made", () => groupRooms(stack), 60_000);
  await settled(stack);
  const synapse = asSynapse(stack);
  let sent = 0;
  const send = (events: number) =>
    synapse.timed("PUT", `/_matrix/app/v1/transactions/bench-${randomBytes(6).toString("hex")}`, {
      events: Array.from({ length: events }, () => message(stack, rooms, sent++)),
    });

  for (let warm = 0; warm < 20; warm++) await send(10);
  await settled(stack);
  const large: number[] = [];
  const pings: number[] = [];
  // Back to back, so that all of them but the first find Whisper at work on the ones before.
  for (let count = 0; count < (smoke ? 5 : 100); count++) {
    large.push(await send(100));
    pings.push(await ping(synapse));
  }
  say("waiting until Whisper has handled what it took");
  await settled(stack, { ms: 600_000 });
  const atRest: number[] = [];
  for (let count = 0; count < (smoke ? 3 : 30); count++) {
    atRest.push(await send(100));
    await settled(stack);
  }

  const began = performance.now();
  const until = began + (smoke ? 1_000 : 5_000);
  let small = 0;
  for (; performance.now() < until; small++) await send(1);
  const seconds = (performance.now() - began) / 1_000;
  await settled(stack, { ms: 600_000 });
  synapse.close();

  return [
    {
      what: "transaction of 100 events, back to back, p99 (raw: a ping)",
      unit: "ms",
      raw: percentile(pings, 0.99),
      whisper: percentile(large, 0.99),
      goal: { of: "figure", atMost: 25 },
    },
    {
      what: "transaction of 100 events, back to back, median (raw: a ping)",
      unit: "ms",
      raw: median(pings),
      whisper: median(large),
    },
    { what: "transaction of 100 events, one now and then, median", unit: "ms", whisper: median(atRest) },
    {
      what: "transactions of one event, one after another",
      unit: "/s",
      whisper: small / seconds,
      goal: { of: "figure", atLeast: 500 },
    },
  ];
}

async function groupRooms(stack: TestStack): Promise<string[] | undefined> {
  const rooms = await rowsOf<{ room_id: string }>(
    stack,
    "SELECT room_id FROM conversations WHERE kind = 'group' AND room_id IS NOT NULL AND security_group = ANY($1)",
    [GROUPS],
  );
  return rooms.length === GROUPS.length ? rooms.map(({ room_id }) => room_id) : undefined;
}

function message(stack: TestStack, rooms: readonly string[], index: number) {
  const sender = stack.userId(STAFF[index % STAFF.length] ?? "");
  return {
    event_id: `$${randomBytes(32).toString("base64url")}`,
    room_id: rooms[index % rooms.length],
    type: "m.room.message",
    sender,
    user_id: sender,
    origin_server_ts: Date.now(),
    age: 12,
    content: {
      msgtype: "m.text",
      body: "Could someone look at the printer in room 3 when there is a moment?",
    },
    unsigned: { age: 12 },
  };
}
