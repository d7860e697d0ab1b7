import { setTimeout as pause } from "node:timers/promises";
import { inParallel } from "../../src/base/in-parallel.ts";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { putUser } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { arrivedBooking, healthTrack, homeserver, rawSend, rowsOf, withBenchStack } from "./bench-stack.ts";
import { median } from "./numbers.ts";

/** As many as Whisper runs jobs at once: each doctor has a room. */
const DOCTORS = Array.from({ length: 8 }, (_, index) => `dr.${index}`);
/** The parts of a raw arrival: as many buttons as Whisper puts under a notice. */
const BUTTONS = ["✅", "↩️", "⏳", "🚪"];
/** In milliseconds: less than a send takes when all are busy. */
const APART = 100;
const EVENTS_OF_ONE = 1 + BUTTONS.length;

export const arrivalRate: Bench = {
  name: "arrival-rate",
  summary: "many arrivals at once, beside as many plain events into the same rooms",
  minutes: 3,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  const [rounds, each] = smoke ? [1, 2] : [6, 6];
  await putUser(stack, "mia");
  for (const doctor of DOCTORS) await putUser(stack, doctor, { doctor: true });
  const rooms = await eventually("the doctors' rooms to be made", () => arrivalsRooms(stack), 60_000);
  await settled(stack);

  const raw: number[] = [];
  const inStep: number[] = [];
  const whisper: number[] = [];
  // The first round warms everything up and doesn't count.
  for (let round = 0; round <= rounds; round++) {
    const plain = await rawEvents(stack, rooms, each, APART);
    await settled(stack);
    const arrivals = await whisperEvents(stack, round, each);
    await settled(stack);
    const together = await rawEvents(stack, rooms, each, 0);
    await settled(stack);
    if (round === 0) continue;
    raw.push(plain);
    whisper.push(arrivals);
    inStep.push(together);
    say(
      `round ${round}: ${plain.toFixed(1)} events/s raw, ${arrivals.toFixed(1)} of arrivals, ` +
        `${together.toFixed(1)} of raw senders in step`,
    );
  }
  return [
    {
      what: "events per second, arrivals beside raw",
      unit: "/s",
      raw: median(raw),
      whisper: median(whisper),
      goal: { of: "ratio", atLeast: 0.9 },
    },
    {
      what: "events per second, arrivals beside raw senders in step",
      unit: "/s",
      raw: median(inStep),
      whisper: median(whisper),
    },
    { what: "arrivals per second", unit: "/s", whisper: median(whisper) / EVENTS_OF_ONE },
  ];
}

/**
 * One sender for each room, one event after another, as anyone who keeps them in order must. They start apart. Senders
 * that start together stay together; Synapse then sends Whisper eight events in one transaction instead of two, and
 * does more than half as much again. No practice does that, so that figure is shown separately. The clock runs from the
 * first sender.
 */
async function rawEvents(
  stack: TestStack,
  rooms: readonly string[],
  each: number,
  apart: number,
): Promise<number> {
  const synapse = homeserver(stack, rooms.length);
  let started = Number.POSITIVE_INFINITY;
  await inParallel(rooms, rooms.length, async (room) => {
    if (apart > 0) await pause(Math.random() * apart);
    started = Math.min(started, Date.now());
    for (let count = 0; count < each; count++) {
      const event = await rawSend(synapse, room, "m.room.message", {
        msgtype: "m.text",
        body: "Juniper Alder has arrived for 10:30 at Wattle Street, says Mia",
      });
      for (const key of BUTTONS) {
        await rawSend(synapse, room, "m.reaction", {
          "m.relates_to": { rel_type: "m.annotation", event_id: event, key },
        });
      }
    }
  });
  synapse.close();
  return perSecond(rooms.length * each, Date.now() - started);
}

async function whisperEvents(stack: TestStack, round: number, each: number): Promise<number> {
  const bookings = Array.from({ length: each }, (_, count) =>
    DOCTORS.map((doctor, room) => arrivedBooking(`round${round}-${count}-${room}`, doctor)),
  ).flat();
  const practice = healthTrack(stack, DOCTORS.length);
  const started = Date.now();
  await inParallel(
    bookings,
    DOCTORS.length,
    async ({ path, body }) => void (await practice.call("PUT", path, body)),
  );
  practice.close();
  let ended: number | undefined;
  // The end is read from the database, so looking seldom doesn't change the figure.
  while (ended === undefined) {
    await pause(250);
    ended = await lastSent(stack, started, bookings.length);
  }
  return perSecond(bookings.length, ended - started);
}

const perSecond = (arrivals: number, ms: number) => (arrivals * EVENTS_OF_ONE * 1_000) / ms;

async function arrivalsRooms(stack: TestStack): Promise<string[] | undefined> {
  const rooms = await rowsOf<{ room_id: string }>(
    stack,
    "SELECT room_id FROM conversations WHERE kind = 'arrivals' AND room_id IS NOT NULL AND username = ANY($1)",
    [DOCTORS],
  );
  return rooms.length === DOCTORS.length ? rooms.map(({ room_id }) => room_id) : undefined;
}

/** When the last event of these arrivals was sent, in Date.now's milliseconds. Undefined while some are unsent. */
async function lastSent(stack: TestStack, since: number, arrivals: number): Promise<number | undefined> {
  const [row] = await rowsOf<{ all: number; sent: number; last: number }>(
    stack,
    `SELECT count(*)::int AS all, count(sent_at)::int AS sent, (extract(epoch FROM max(sent_at)) * 1000)::float8 AS last
     FROM outbox WHERE sent_at IS NULL OR sent_at >= to_timestamp($1 / 1000.0)`,
    [since],
  );
  if (row === undefined || row.sent < row.all) return undefined;
  // Otherwise the two sides would not do the same.
  if (row.all !== arrivals * EVENTS_OF_ONE)
    throw new Error(
      `${arrivals} arrivals made ${row.all} events, and the raw client makes ${EVENTS_OF_ONE} of each`,
    );
  return row.last;
}
