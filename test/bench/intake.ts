import { randomBytes } from "node:crypto";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { putGroup, putUser } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { asSynapse, ping, rowsOf, withBenchStack } from "./bench-stack.ts";
import { median, percentile } from "./numbers.ts";

const GROUPS = Array.from({ length: 10 }, (_, index) => `team-${index}`);
const STAFF = ["ada", "ben", "cleo"];

export const intake: Bench = {
  name: "intake",
  summary:
    "how soon Whisper has taken what Synapse sends: made-up messages in real rooms, one transaction at a time",
  minutes: 3,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  for (const username of STAFF) await putUser(stack, username);
  for (const group of GROUPS) await putGroup(stack, group, STAFF);
  const rooms = await eventually("the groups' rooms to be made", () => groupRooms(stack), 60_000);
  await settled(stack);
  const synapse = asSynapse(stack);
  let made = 0;
  const transaction = (events: number) => ({
    events: Array.from({ length: events }, () => message(stack, rooms, made++)),
  });
  const send = (body: object) =>
    synapse.timed("PUT", `/_matrix/app/v1/transactions/bench-${randomBytes(6).toString("hex")}`, body);
  await rowsOf(stack, "CREATE TABLE bench_commits (body json)");
  /** The least that storing it can cost: a ping, and one commit of the same bytes. */
  const least = async (body: object) => {
    const pinged = await ping(synapse);
    const started = performance.now();
    await rowsOf(stack, "INSERT INTO bench_commits VALUES ($1)", [JSON.stringify(body)]);
    return pinged + performance.now() - started;
  };

  for (let warm = 0; warm < 20; warm++) {
    await send(transaction(10));
    await least(transaction(10));
  }
  await settled(stack);
  const figures: Figure[] = [];
  for (const [events, times, atMost] of [
    [1, smoke ? 10 : 200, 1.5],
    [100, smoke ? 3 : 40, 2],
  ] as const) {
    const raw: number[] = [];
    const whisper: number[] = [];
    for (let count = 0; count < times; count++) {
      const body = transaction(events);
      raw.push(await least(body));
      whisper.push(await send(body));
      // Whisper is at rest: what it does with the events is measured elsewhere.
      await settled(stack);
    }
    figures.push({
      what: `transaction of ${events} event${events === 1 ? "" : "s"} (raw: a ping and one commit of the same bytes)`,
      unit: "ms",
      raw: median(raw),
      whisper: median(whisper),
      goal: { of: "ratio", atMost },
    });
  }
  // Back to back, so that all but the first find Whisper busy with the ones before.
  const busy: number[] = [];
  for (let count = 0; count < (smoke ? 5 : 50); count++) busy.push(await send(transaction(100)));
  say("waiting until Whisper has handled what it took");
  await settled(stack, { ms: 600_000 });
  synapse.close();
  return [
    ...figures,
    { what: "transaction of 100 events, back to back, median", unit: "ms", whisper: median(busy) },
    { what: "transaction of 100 events, back to back, p99", unit: "ms", whisper: percentile(busy, 0.99) },
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
