import fc from "fast-check";
import { z } from "zod";
import { mustCallApi } from "../../dev/api.ts";
import { isNoticeOf } from "../support/arrival-room.ts";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/settled.ts";
import { freshStack, type TestStack } from "../support/stack.ts";
import { hire, historyOf, roomOfKind, textsOf } from "../support/staff.ts";
import { BookingModel, type Step } from "./arrival-model.ts";
import { Desk } from "./desk.ts";
import type { Findings, Scenario, ScenarioOptions } from "./scenario.ts";

const DOCTORS = Array.from({ length: 8 }, (_, index) => `dr.${index}`);
const MARKER = "mia";
const ANSWER = "Five minutes, please.";
/** Bookings in hand at the same time. */
const AT_ONCE = 12;

const wish = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      status: fc.constantFrom(
        ...["booked", "confirmed", "in_session", "out_session", "closed", "no_show", "cancelled"],
        ...Array<string>(14).fill("arrived"),
      ),
      // It goes to the other doctor, and back.
      other: fc.boolean(),
      /** Sent once more, and an older one after it: both must change nothing. */
      again: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ do: "acknowledge" as const }) },
  { weight: 2, arbitrary: fc.constant({ do: "answer" as const }) },
);
const life = fc.record({
  doctors: fc.tuple(fc.constantFrom(...DOCTORS), fc.constantFrom(...DOCTORS)),
  wishes: fc.array(wish, { minLength: 2, maxLength: 7, size: "max" }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

export const arrivalsDay: Scenario = {
  name: "arrivals-day",
  summary: "a day of bookings with random changes and answers, and Whisper killed again and again on the way",
  run,
};

async function run({ smoke, say }: ScenarioOptions): Promise<Findings> {
  const bookings = smoke ? 100 : 2_000;
  const kills = smoke ? 2 : 20;
  const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);
  say(`${bookings} bookings, ${kills} kills, CHAOS_SEED=${seed}`);
  const lives = fc.sample(life, { numRuns: bookings, seed });
  const stack = await freshStack({
    env: {
      WHISPER_ARRIVALS__QUICK_REPLIES: JSON.stringify([{ key: "5️⃣", text: ANSWER }]),
      WHISPER_LOG__LEVEL: "error",
    },
  });
  try {
    const desks = new Map<string, Desk>();
    await hire(stack, MARKER, {}, { withoutSync: true, pastTheGate: true });
    for (const doctor of DOCTORS) {
      const person = await hire(stack, doctor, { doctor: true }, { pastTheGate: true });
      await roomOfKind(person, "arrivals");
      desks.set(doctor, new Desk(person));
    }
    await settled(stack);

    const day = new Day(stack, desks, lives);
    const started = Date.now();
    const killed = killer(stack, day, kills, say);
    await day.live();
    await killed;
    await settled(stack, { ms: 600_000 });
    const seconds = (Date.now() - started) / 1_000;
    say("looking at every arrival and every room");
    const faults = [
      ...(await wrongArrivals(stack, day)),
      ...(await wrongRooms(day)),
      ...(await wrongAnswers(stack, day)),
    ];
    return {
      rows: [
        ["bookings", bookings],
        ["changes sent by HealthTrack", day.puts],
        ["clicks of doctors", day.clicks],
        ["arrivals", day.models.reduce((sum, model) => sum + model.arrivals.length, 0)],
        ["times Whisper was killed", kills],
        ["seconds", Math.round(seconds)],
        ["not as it should be", faults.length],
        ["seed", seed],
      ],
      faults,
    };
  } finally {
    await stack.stop();
  }
}

const bookingAnswer = z.looseObject({ arrival: z.looseObject({ id: z.string() }).optional() });

class Day {
  readonly models: readonly BookingModel[];
  readonly #stack: TestStack;
  readonly #desks: ReadonlyMap<string, Desk>;
  readonly #lives: readonly Life[];
  /** The newest arrival of each booking. */
  readonly #arrivals = new Map<number, string>();
  readonly #answers = new Map<string, number>();
  #next = 0;
  puts = 0;
  clicks = 0;
  finished = false;

  constructor(stack: TestStack, desks: ReadonlyMap<string, Desk>, lives: readonly Life[]) {
    this.#stack = stack;
    this.#desks = desks;
    this.#lives = lives;
    this.models = lives.map(() => new BookingModel());
  }

  get desks(): ReadonlyMap<string, Desk> {
    return this.#desks;
  }

  /** How much of the day has been begun, from 0 to 1. */
  get progress(): number {
    return this.#next / this.#lives.length;
  }

  /** What stands behind a booking's and its patient's id. */
  id = (index: number): string => `day-${index}`;

  async live(): Promise<void> {
    const worker = async () => {
      while (this.#next < this.#lives.length) await this.#liveOne(this.#next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    this.finished = true;
  }

  async #liveOne(index: number): Promise<void> {
    const [each, model] = [this.#lives[index], this.models[index]];
    if (each === undefined || model === undefined) return;
    for (const [second, wished] of each.wishes.entries()) {
      if (wished.do === "put") {
        const doctor = each.doctors[wished.other ? 1 : 0];
        const step: Step = { do: "put", status: wished.status, doctor };
        await this.#put(index, second, step);
        model.take(step);
        if (wished.again) {
          await this.#put(index, second, step);
          await this.#put(index, second - 1, { ...step, status: "cancelled" });
        }
        continue;
      }
      const { shown } = model;
      // Answered once, the homeserver refuses the same reaction again.
      if (shown === null || (wished.do === "answer" && shown.progress !== "waiting")) continue;
      await this.#click(index, shown, wished.do);
      model.take(wished);
    }
  }

  /** HealthTrack sends a change until it is answered. */
  async #put(index: number, second: number, { status, doctor }: Step & { do: "put" }): Promise<void> {
    this.puts += 1;
    await eventually(
      "Whisper to take the booking",
      async () => {
        const answer = await mustCallApi(this.#stack, "PUT", `/api/v1/bookings/${this.id(index)}`, {
          status,
          patient_id: this.id(index),
          doctor,
          appointment_at: "2026-03-02T10:30:00+11:00",
          changed_by: MARKER,
          changed_at: new Date(Date.UTC(2026, 2, 1, 23, 0, 10 + second)).toISOString(),
        });
        const { arrival } = bookingAnswer.parse(answer);
        if (arrival) this.#arrivals.set(index, arrival.id);
        return true;
      },
      120_000,
    );
  }

  /** A doctor answers, and waits to see what comes of it: what happens next happens to that. */
  async #click(
    index: number,
    { doctor, telling }: { doctor: string; telling: number },
    what: "acknowledge" | "answer",
  ): Promise<void> {
    const desk = this.#desks.get(doctor);
    if (desk === undefined) throw new Error(`nobody sits at the desk of ${doctor}`);
    this.clicks += 1;
    const ref = `arrival:${this.#arrivals.get(index)}:${telling}:${doctor}:notice`;
    const event = await desk.click(ref, what === "acknowledge" ? "✅" : "5️⃣");
    if (what === "acknowledge") await desk.gone(event);
    else {
      // By this doctor: others may have answered for the same booking.
      const times = (this.#answers.get(`${index} ${doctor}`) ?? 0) + 1;
      this.#answers.set(`${index} ${doctor}`, times);
      await desk.answered(this.id(index), times);
    }
  }
}

/** Kills Whisper each time another share of the day is over, and starts it again. */
async function killer(stack: TestStack, day: Day, kills: number, say: (line: string) => void): Promise<void> {
  for (let kill = 1; kill <= kills; kill += 1) {
    await eventually("the day to go on", () => day.finished || day.progress >= kill / (kills + 1), 600_000);
    if (day.finished) throw new Error(`the day was over before the ${kill}th kill`);
    await stack.killWhisper();
    await stack.startWhisper();
    say(`killed and started again ${kill} of ${kills}, ${Math.round(day.progress * 100)} % of the day begun`);
  }
}

const page = z.object({
  arrivals: z.array(
    z.looseObject({
      patient_id: z.string(),
      recipients: z.array(z.looseObject({ username: z.string(), state: z.string() })),
    }),
  ),
  next_cursor: z.string().nullable(),
});
type ListedArrival = z.infer<typeof page>["arrivals"][number];

/** The newest first. */
async function arrivalsOf(stack: TestStack): Promise<ListedArrival[]> {
  const all: ListedArrival[] = [];
  for (let cursor = ""; ; ) {
    const { arrivals, next_cursor } = page.parse(
      await mustCallApi(stack, "GET", `/api/v1/arrivals?limit=500${cursor}`),
    );
    all.push(...arrivals);
    if (next_cursor === null) return all;
    cursor = `&cursor=${encodeURIComponent(next_cursor)}`;
  }
}

const spelled = (recipients: Iterable<readonly [string, string]>): string =>
  [...recipients]
    .map(([username, state]) => `${username} ${state}`)
    .sort()
    .join(", ");

/** Every arrival is on record exactly as the model has it, in the order in which the patients came. */
async function wrongArrivals(stack: TestStack, day: Day): Promise<string[]> {
  const recorded = Map.groupBy((await arrivalsOf(stack)).reverse(), ({ patient_id }) => patient_id);
  return day.models.flatMap((model, index) => {
    const ought = model.arrivals.map((arrival) => spelled(arrival));
    const is = (recorded.get(day.id(index)) ?? []).map(({ recipients }) =>
      spelled(recipients.map(({ username, state }) => [username, state])),
    );
    return String(ought) === String(is) ? [] : [`${day.id(index)} ought to be [${ought}] and is [${is}]`];
  });
}

/** Every doctor's room shows exactly the notices that it should, once each. */
async function wrongRooms(day: Day): Promise<string[]> {
  const faults: string[] = [];
  for (const [doctor, { person }] of day.desks) {
    const history = await historyOf(person, (await roomOfKind(person, "arrivals")).roomId);
    const shown = new Map<string, number>();
    for (const { content } of history) {
      const booking = day.models.findIndex((_, index) => isNoticeOf(day.id(index))({ content }));
      if (booking !== -1) shown.set(day.id(booking), (shown.get(day.id(booking)) ?? 0) + 1);
    }
    day.models.forEach((model, index) => {
      const ought = model.shown?.doctor === doctor ? 1 : 0;
      const is = shown.get(day.id(index)) ?? 0;
      if (ought !== is)
        faults.push(`${doctor} ought to see ${ought} notices of ${day.id(index)} and sees ${is}`);
    });
  }
  return faults;
}

/** Every answer has come to whoever marked the arrival, once. */
async function wrongAnswers(stack: TestStack, day: Day): Promise<string[]> {
  const marker = await stack.signIn(MARKER, { pastTheGate: true });
  const texts: string[] = [];
  for (const room of marker.rooms()) texts.push(...(await textsOf(marker, room.roomId)));
  const got = Map.groupBy(
    texts.filter((text) => text.endsWith(ANSWER)),
    (text) => /Patient (day-\d+)/.exec(text)?.[1] ?? "",
  );
  return day.models.flatMap(({ answers }, index) => {
    const is = got.get(day.id(index))?.length ?? 0;
    return is === answers ? [] : [`${day.id(index)} was answered ${answers} times and ${is} answers came`];
  });
}
