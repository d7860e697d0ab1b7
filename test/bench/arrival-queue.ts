import { setTimeout as pause } from "node:timers/promises";
import { inParallel } from "../../src/base/in-parallel.ts";
import { arrivalsRoom } from "../support/stack/arrival-room.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { hire, putUser } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { arrivedBooking, healthTrack, homeserver, rawSend, rowsOf, withBenchStack } from "./bench-stack.ts";
import { median } from "./numbers.ts";

const DOCTOR = "dr.busy";
/** Bookings that HealthTrack sends at the same time. */
const AT_ONCE = 8;

export const arrivalQueue: Bench = {
  name: "arrival-queue",
  summary:
    "many arrivals of one doctor at once: the last notice, beside as many plain messages without buttons",
  minutes: 2,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  const [rounds, many] = smoke ? [1, 10] : [5, 60];
  await putUser(stack, "mia");
  const { roomId } = await arrivalsRoom(await hire(stack, DOCTOR, { doctor: true }));
  await settled(stack);
  const raw: number[] = [];
  const whisper: number[] = [];
  // The first round warms everything up and doesn't count.
  for (let round = 0; round <= rounds; round++) {
    const plain = await lastMessage(stack, roomId, many);
    await settled(stack);
    const notice = await lastNotice(stack, round, many);
    await settled(stack);
    if (round === 0) continue;
    raw.push(plain);
    whisper.push(notice);
    say(`round ${round}: ${plain.toFixed(0)} ms raw, ${notice.toFixed(0)} ms until the last notice`);
  }
  return [
    {
      what: `last of ${many} notices to one doctor, beside ${many} raw sends`,
      unit: "ms",
      raw: median(raw),
      whisper: median(whisper),
      goal: { of: "ratio", atMost: 1.2 },
    },
  ];
}

/** Milliseconds for one sender to send that many messages one after another, as keeping them in order requires. */
async function lastMessage(stack: TestStack, room: string, many: number): Promise<number> {
  const synapse = homeserver(stack);
  const started = performance.now();
  for (let count = 0; count < many; count++) {
    await rawSend(synapse, room, "m.room.message", {
      msgtype: "m.text",
      body: "Juniper Alder has arrived for 10:30 at Wattle Street, says Mia",
    });
  }
  const ended = performance.now();
  synapse.close();
  return ended - started;
}

/** Milliseconds from the first booking until Synapse has the last notice; buttons may come later. */
async function lastNotice(stack: TestStack, round: number, many: number): Promise<number> {
  const practice = healthTrack(stack, AT_ONCE);
  const bookings = Array.from({ length: many }, (_, count) =>
    arrivedBooking(`queue${round}-${count}`, DOCTOR),
  );
  const started = Date.now();
  await inParallel(
    bookings,
    AT_ONCE,
    async ({ path, body }) => void (await practice.call("PUT", path, body)),
  );
  practice.close();
  for (;;) {
    // The end is read from the database, so looking seldom doesn't change the figure.
    const [row] = await rowsOf<{ sent: number; last: number }>(
      stack,
      `SELECT count(sent_at)::int AS sent, (extract(epoch FROM max(sent_at)) * 1000)::float8 AS last FROM outbox
       WHERE purpose->>'is' = 'notice' AND queued_at >= to_timestamp($1 / 1000.0)`,
      [started],
    );
    if (row !== undefined && row.sent === many) return row.last - started;
    await pause(250);
  }
}
