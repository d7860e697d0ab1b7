import { randomUUID } from "node:crypto";
import { z } from "zod";
import { mustCallApi } from "../../dev/api.ts";
import type { Person } from "../../dev/person.ts";
import { settled } from "../support/settled.ts";
import { freshStack, type TestStack } from "../support/stack.ts";
import { hire } from "../support/staff.ts";
import { type Bench, type BenchOptions, milliseconds, quantile, type Row, rounded } from "./bench.ts";

const DOCTORS = Array.from({ length: 8 }, (_, index) => `dr.${index}`);

export const arrivals: Bench = {
  name: "arrivals",
  summary:
    "from HealthTrack's booking to the doctor's /sync, against a plain message sent into the same room",
  run,
};

async function run({ smoke, say }: BenchOptions): Promise<Row[]> {
  const stack = await freshStack({ env: { WHISPER_LOG__LEVEL: "error" } });
  try {
    await hire(stack, "mia", {}, { withoutSync: true, pastTheGate: true });
    const doctors = new Map<string, { person: Person; room: string }>();
    for (const doctor of DOCTORS) {
      const person = await hire(stack, doctor, { doctor: true }, { pastTheGate: true, withoutSync: true });
      doctors.set(doctor, { person, room: "" });
    }
    await settled(stack);
    const rooms = await arrivalsRooms(stack);
    const watched = await Promise.all(
      DOCTORS.map(async (doctor) => {
        const entry = doctors.get(doctor);
        if (entry === undefined) throw new Error("not hired");
        const room = rooms.get(doctor) ?? "";
        return { doctor, room, watch: await Watch.start(stack, entry.person) };
      }),
    );
    const [first] = watched;
    if (first === undefined) throw new Error("nobody was hired");
    say("one after the other");
    const latency = await latencies(stack, first, smoke ? 10 : 150);
    say("as many as go");
    const rate = await rates(stack, watched, smoke ? 40 : 800);
    for (const { watch } of watched) watch.stop();
    return [...latency, ...rate];
  } finally {
    await stack.stop();
  }
}

interface Watched {
  readonly doctor: string;
  readonly room: string;
  readonly watch: Watch;
}

async function latencies(stack: TestStack, { doctor, room, watch }: Watched, count: number): Promise<Row[]> {
  const raw: number[] = [];
  const booked: number[] = [];
  for (let index = 0; index < count + 5; index += 1) {
    const text = randomUUID();
    const rawBegan = performance.now();
    const seen = watch.until(text);
    await rawSend(stack, room, text);
    const rawTook = (await seen) - rawBegan;
    const booking = randomUUID();
    const began = performance.now();
    const noticed = watch.until(booking);
    await putArrived(stack, booking, doctor);
    const took = (await noticed) - began;
    // The reactions below the notice are no part of it, and would be in the way of the next one.
    await settled(stack);
    // The first ones warm up.
    if (index < 5) continue;
    raw.push(rawTook);
    booked.push(took);
  }
  const ratio = (share: number) => rounded(quantile(booked, share) / quantile(raw, share));
  return [
    { what: "plain message to /sync, median", measured: milliseconds(quantile(raw, 0.5)) },
    { what: "booking to /sync, median", measured: milliseconds(quantile(booked, 0.5)) },
    { what: "ratio of the medians", measured: ratio(0.5), goal: "at most 1.25" },
    { what: "ratio of the 95th percentiles", measured: ratio(0.95) },
  ];
}

async function rates(stack: TestStack, watched: readonly Watched[], count: number): Promise<Row[]> {
  const each = Math.floor(count / watched.length);
  const perSecond = async (one: (at: Watched, name: string) => Promise<void>): Promise<number> => {
    const began = performance.now();
    const ends = await Promise.all(
      watched.map(async (at) => {
        const names = Array.from({ length: each }, () => randomUUID());
        const seen = Promise.all(names.map((name) => at.watch.until(name)));
        for (const name of names) await one(at, name);
        return Math.max(...(await seen));
      }),
    );
    return (each * watched.length) / ((Math.max(...ends) - began) / 1_000);
  };
  const raw = await perSecond(({ room }, name) => rawSend(stack, room, name));
  const arrived = await perSecond(({ doctor }, name) => putArrived(stack, name, doctor));
  await settled(stack, 600_000);
  return [
    { what: "plain messages a second", measured: rounded(raw) },
    { what: "arrivals a second", measured: rounded(arrived) },
    { what: "ratio of the rates", measured: rounded(arrived / raw), goal: "at least 0.9" },
  ];
}

/** As any client would: one request to Synapse, nothing of Whisper in between. */
async function rawSend(stack: TestStack, room: string, text: string): Promise<void> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${text}`;
  const response = await fetch(new URL(path, stack.synapse), {
    method: "PUT",
    headers: { authorization: `Bearer ${stack.appserviceToken}`, "content-type": "application/json" },
    body: JSON.stringify({ msgtype: "m.text", body: text }),
  });
  if (!response.ok) throw new Error(`Synapse answered ${response.status}`);
  await response.arrayBuffer();
}

async function putArrived(stack: TestStack, booking: string, doctor: string): Promise<void> {
  const now = new Date().toISOString();
  const response = await fetch(new URL(`/api/v1/bookings/${booking}`, stack.whisper), {
    method: "PUT",
    headers: { authorization: `Bearer ${stack.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({
      status: "arrived",
      patient_id: booking,
      doctor,
      location: "Main St",
      appointment_at: now,
      changed_by: "mia",
      changed_at: now,
    }),
  });
  if (!response.ok) throw new Error(`Whisper answered ${response.status}`);
  await response.arrayBuffer();
}

/** A bare /sync, so that the time of no client library is measured. Events are known by a word in their content. */
class Watch {
  readonly #waiting = new Map<string, (at: number) => void>();
  readonly #stopping = new AbortController();

  static async start(stack: TestStack, person: Person): Promise<Watch> {
    const watch = new Watch();
    const begun = Promise.withResolvers<void>();
    void watch.#sync(stack, person, begun.resolve).catch((error: unknown) => {
      if (!watch.#stopping.signal.aborted) throw error;
    });
    await begun.promise;
    return watch;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** When an event with this word came, by `performance.now()`. */
  until(word: string): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(word, resolve));
  }

  async #sync(stack: TestStack, person: Person, begun: () => void): Promise<void> {
    const filter = encodeURIComponent(
      JSON.stringify({ room: { timeline: { limit: 1_000 } }, presence: { types: [] } }),
    );
    for (let since = ""; ; ) {
      const query = since === "" ? "timeout=0" : `timeout=30000&since=${since}`;
      const response = await fetch(
        new URL(`/_matrix/client/v3/sync?filter=${filter}&${query}`, stack.synapse),
        {
          headers: { authorization: `Bearer ${person.client.getAccessToken()}` },
          signal: this.#stopping.signal,
        },
      );
      const answer = syncAnswer.parse(await response.json());
      const now = performance.now();
      since = encodeURIComponent(answer.next_batch);
      for (const room of Object.values(answer.rooms?.join ?? {})) {
        for (const event of room.timeline.events) this.#take(event.content, now);
      }
      begun();
    }
  }

  #take({ body }: { body?: string | undefined }, now: number): void {
    // A notice names its patient, who is called as the booking here.
    const word = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(body ?? "")?.[0];
    if (word === undefined) return;
    this.#waiting.get(word)?.(now);
    this.#waiting.delete(word);
  }
}

const syncAnswer = z.object({
  next_batch: z.string(),
  rooms: z
    .object({
      join: z
        .record(
          z.string(),
          z.object({
            timeline: z.object({
              events: z.array(z.object({ content: z.looseObject({ body: z.string().optional() }) })),
            }),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** By doctor. */
async function arrivalsRooms(stack: TestStack): Promise<ReadonlyMap<string, string>> {
  const rooms = new Map<string, string>();
  for (const doctor of DOCTORS) {
    const list = z
      .array(z.object({ kind: z.string(), room_id: z.string().nullable() }))
      .or(
        z.object({ conversations: z.array(z.object({ kind: z.string(), room_id: z.string().nullable() })) }),
      )
      .parse(await mustCallApi(stack, "GET", `/api/v1/users/${doctor}/conversations`));
    const all = Array.isArray(list) ? list : list.conversations;
    const room = all.find(({ kind }) => kind === "arrivals")?.room_id;
    if (room) rooms.set(doctor, room);
  }
  return rooms;
}
