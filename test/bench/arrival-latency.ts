import { setTimeout as pause } from "node:timers/promises";
import { ClientEvent, type MatrixEvent } from "matrix-js-sdk";
import type { Person } from "../../dev/clients/person.ts";
import { bodyOf } from "../../dev/clients/room-events.ts";
import { arrivalsRoom, isNoticeOf, noticeWithButtons } from "../support/stack/arrival-room.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { hire, putUser } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { arrivedBooking, healthTrack, homeserver, rawSend, withBenchStack } from "./bench-stack.ts";
import { median, percentile } from "./numbers.ts";

const DOCTOR = "dr.able";

export const arrivalLatency: Bench = {
  name: "arrival-latency",
  summary: "from HealthTrack's booking to the doctor's client, beside a plain message into the same room",
  minutes: 2,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke }: BenchOptions): Promise<Figure[]> {
  const rounds = smoke ? 5 : 60;
  await putUser(stack, "mia");
  const doctor = await hire(stack, DOCTOR, { doctor: true });
  const { roomId } = await arrivalsRoom(doctor);
  await settled(stack);

  const [practice, synapse] = [healthTrack(stack), homeserver(stack)];
  const raw: number[] = [];
  const whisper: number[] = [];
  // The first rounds warm everything up and don't count.
  for (let round = -5; round < rounds; round++) {
    const text = `raw ${round}`;
    const plain = await untilSeen(
      doctor,
      (event) => bodyOf(event) === text,
      () => rawSend(synapse, roomId, "m.room.message", { msgtype: "m.text", body: text }),
    );
    await rest(stack);

    const booking = `round${round}`;
    const { path, body } = arrivedBooking(booking, DOCTOR);
    const notice = await untilSeen(
      doctor,
      (event) => isNoticeOf(booking)({ content: event.getContent() }),
      () => practice.call("PUT", path, body),
    );
    await noticeWithButtons(doctor, booking);
    await rest(stack);
    if (round < 0) continue;
    raw.push(plain);
    whisper.push(notice);
  }
  practice.close();
  synapse.close();

  const goal = { of: "ratio", atMost: 1.25 } as const;
  return [
    { what: "arrival latency, median", unit: "ms", raw: median(raw), whisper: median(whisper), goal },
    {
      what: "arrival latency, p95",
      unit: "ms",
      raw: percentile(raw, 0.95),
      whisper: percentile(whisper, 0.95),
      goal,
    },
  ];
}

/** Nothing left over from one round runs into the next. */
async function rest(stack: TestStack): Promise<void> {
  await pause(60);
  await settled(stack);
}

/** Milliseconds from the act until the person's client has the event. */
async function untilSeen(
  person: Person,
  wanted: (event: MatrixEvent) => boolean,
  act: () => Promise<unknown>,
): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const look = (event: MatrixEvent) => {
    if (wanted(event)) resolve(performance.now());
  };
  person.client.on(ClientEvent.Event, look);
  try {
    const started = performance.now();
    const [seen] = await Promise.all([promise, act()]);
    return seen - started;
  } finally {
    person.client.off(ClientEvent.Event, look);
  }
}
