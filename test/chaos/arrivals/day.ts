import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import { eventually } from "../../support/eventually.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import { type Life, MARKER } from "./arrival-lives.ts";
import { PatientModel, type Step, type Visit, WATCHER } from "./arrival-model.ts";
import type { Desk } from "./desk.ts";

/** Patients being handled at the same time. */
const AT_ONCE = 12;

const bookingAnswer = z.looseObject({ arrival: z.looseObject({ id: z.string() }).optional() });

/** The day as it happens, to Whisper and to the models at the same time. */
export class Day {
  readonly models: readonly PatientModel[];
  /** What was wrong during the day. */
  readonly faults: string[] = [];
  readonly #stack: TestStack;
  readonly #desks: ReadonlyMap<string, Desk>;
  readonly #lives: readonly Life[];
  /** The id under which Whisper has a visit. */
  readonly ids = new Map<Visit, string>();
  readonly #answers = new Map<string, number>();
  #next = 0;
  /** When the day began, by HealthTrack's clock: patients of an earlier day would not be announced. */
  readonly #began = Date.now();
  puts = 0;
  clicks = 0;
  finished = false;

  constructor(stack: TestStack, desks: ReadonlyMap<string, Desk>, lives: readonly Life[]) {
    this.#stack = stack;
    this.#desks = desks;
    this.#lives = lives;
    this.models = lives.map(() => new PatientModel());
  }

  get desks(): ReadonlyMap<string, Desk> {
    return this.#desks;
  }

  /** How much of the day has begun, from 0 to 1. */
  get progress(): number {
    return this.#next / this.#lives.length;
  }

  /** A patient's id. A booking's id is derived from it. */
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
    for (const [nth, wished] of each.wishes.entries()) {
      // HealthTrack's clock shows whole seconds, and two changes may come in one.
      const second = Math.floor(nth / 2);
      const booking = `${this.id(index)}-${wished.which < each.bookings ? wished.which : 0}`;
      if (wished.do === "put") {
        const doctor = each.doctors[wished.other ? 1 : 0];
        const step = { do: "put", booking, status: wished.status, doctor, second } as const;
        const arrival = await this.#put(index, step);
        model.take(step);
        this.#compare(model.visitOf(booking), arrival, booking);
        if (wished.again) {
          await this.#put(index, step);
          await this.#put(index, { ...step, second: second - 1, status: "cancelled" });
        }
        continue;
      }
      const visit = model.visitOf(booking);
      const who = wished.watcher ? WATCHER : visit?.doctor;
      if (visit === undefined || who === undefined) continue;
      const shown = visit.shownTo(who);
      // After one answer, the homeserver refuses the same reaction again.
      if (shown === null || (wished.do === "answer" && shown.progress !== "waiting")) continue;
      await this.#click(index, visit, who, shown.tellings, wished.do);
      model.take({ do: wished.do, visit, who });
    }
  }

  /** A visit that continues has one id, which no other visit has. */
  #compare(visit: Visit | undefined, arrival: string | undefined, booking: string): void {
    if (visit === undefined) return;
    const known = this.ids.get(visit);
    const others = [...this.ids].some(([other, id]) => other !== visit && id === arrival);
    if (arrival === undefined || others || (known !== undefined && known !== arrival))
      this.faults.push(`${booking} ought to be in ${known ?? "a new arrival"} and is in ${arrival}`);
    else this.ids.set(visit, arrival);
  }

  /** HealthTrack sends a change until it is answered. @returns the arrival that the booking is part of, or was last. */
  async #put(
    index: number,
    { booking, status, doctor, second }: Step & { do: "put" },
  ): Promise<string | undefined> {
    this.puts += 1;
    let arrival: string | undefined;
    await eventually(
      "Whisper to take the booking",
      async () => {
        const answer = await mustCallApi(this.#stack, "PUT", `/api/v1/bookings/${booking}`, {
          status,
          patient_id: this.id(index),
          doctor,
          appointment_at: new Date(this.#began).toISOString(),
          changed_by: MARKER,
          changed_at: new Date(this.#began + second * 1_000).toISOString(),
        });
        arrival = bookingAnswer.parse(answer).arrival?.id;
        return true;
      },
      120_000,
    );
    return arrival;
  }

  /** Someone answers, and waits for the effect, because the next step depends on it. */
  async #click(
    index: number,
    visit: Visit,
    who: string,
    telling: number,
    what: "acknowledge" | "answer",
  ): Promise<void> {
    const desk = this.#desks.get(who);
    if (desk === undefined) throw new Error(`nobody sits at the desk of ${who}`);
    this.clicks += 1;
    const ref = `arrival:${this.ids.get(visit)}:${telling}:${who}:notice`;
    const event = await desk.click(ref, what === "acknowledge" ? "✅" : "⏳");
    if (what === "acknowledge") await desk.gone(event);
    else {
      // By this one: others may have answered for the same patient.
      const times = (this.#answers.get(`${index} ${who}`) ?? 0) + 1;
      this.#answers.set(`${index} ${who}`, times);
      await desk.answered(this.id(index), times);
    }
  }
}
