/**
 * What should become of one patient's bookings, whatever happens to Whisper: a second, much simpler version of the
 * rules, for a day without escalation on which one person marks everything.
 */

/** Sees every arrival, whoever the doctor is. */
export const WATCHER = "nurse";
/** Has bookings although nobody knows them. */
export const STRANGER = "dr.nobody";

export type Progress = "waiting" | "replied" | "acknowledged" | "retracted" | "undeliverable";

/** Something that happens to a patient. */
export type Step =
  | {
      readonly do: "put";
      readonly booking: string;
      readonly status: string;
      readonly doctor: string;
      /** By HealthTrack's clock. */
      readonly second: number;
    }
  /** On the notice for the booking's visit. */
  | { readonly do: "acknowledge" | "answer"; readonly visit: Visit; readonly who: string };

interface Told {
  progress: Progress;
  /** How often the notice was posted. */
  tellings: number;
  /** The visit's doctors, by number: who had the patient when it was answered. */
  answeredUnder: number;
}

/** One visit of the patient to a doctor. */
export class Visit {
  readonly bookings = new Set<string>();
  readonly told = new Map<string, Told>();
  ended: string | null = null;
  #doctors: string[] = [];

  constructor(doctor: string, booking: string) {
    this.bookings.add(booking);
    this.#tell(WATCHER);
    this.handOver(doctor);
  }

  get doctor(): string {
    return this.#doctors.at(-1) ?? "";
  }

  /** The doctor's own progress. If the doctor cannot be told, the watcher's since the doctor has had the patient. */
  get state(): Progress {
    const [doctor, watcher] = [this.told.get(this.doctor), this.told.get(WATCHER)];
    if (doctor === undefined || watcher === undefined) throw new Error("a visit without its people");
    if (doctor.progress !== "undeliverable") return doctor.progress;
    return watcher.answeredUnder < this.#doctors.length ? "undeliverable" : watcher.progress;
  }

  /** The notice in someone's room, or null if there is none. */
  shownTo(who: string): Told | null {
    const told = this.told.get(who);
    if (this.ended !== null || told === undefined || (who !== this.doctor && who !== WATCHER)) return null;
    return told.progress === "waiting" || told.progress === "replied" ? told : null;
  }

  handOver(doctor: string): void {
    retract(this.told.get(this.doctor));
    this.#doctors.push(doctor);
    if (this.told.get(doctor)?.progress !== "acknowledged") this.#tell(doctor);
  }

  answer(who: string, progress: "replied" | "acknowledged"): void {
    const told = this.told.get(who);
    if (told === undefined) throw new Error(`${who} was not told`);
    Object.assign(told, { progress, answeredUnder: this.#doctors.length });
  }

  end(by: string): void {
    this.ended = by;
    for (const told of this.told.values()) retract(told);
  }

  #tell(who: string): void {
    const tellings = (this.told.get(who)?.tellings ?? 0) + 1;
    const progress = who === STRANGER ? "undeliverable" : "waiting";
    this.told.set(who, { progress, tellings, answeredUnder: Number.POSITIVE_INFINITY });
  }
}

function retract(told: Told | undefined): void {
  if (told?.progress === "waiting") told.progress = "retracted";
}

const SEEN = ["in_session", "out_session", "closed"];

export class PatientModel {
  /** In the order in which they began. */
  readonly visits: Visit[] = [];
  readonly #bookings = new Map<
    string,
    { readonly arrived: boolean; readonly doctor: string; readonly second: number }
  >();
  answers = 0;
  /** How often it was said that the doctor cannot be told. */
  reports = 0;

  /** The visit that a booking is part of now. */
  visitOf(booking: string): Visit | undefined {
    return this.#open.find(({ bookings }) => bookings.has(booking));
  }

  take(step: Step): void {
    switch (step.do) {
      case "put":
        this.#put(step);
        return;
      case "answer":
        this.answers += 1;
        step.visit.answer(step.who, "replied");
        return;
      case "acknowledge":
        step.visit.answer(step.who, "acknowledged");
    }
  }

  get #open(): Visit[] {
    return this.visits.filter(({ ended }) => ended === null);
  }

  #put({ booking, status, doctor, second }: Step & { do: "put" }): void {
    const before = this.#bookings.get(booking);
    const visit = this.visitOf(booking);
    const arrived = status === "arrived";
    this.#bookings.set(booking, { arrived, doctor, second });
    if (!arrived) {
      if (visit !== undefined && SEEN.includes(status)) visit.end(status);
      else this.#leave(visit, booking, status === "booked" || status === "confirmed" ? "unarrived" : status);
      return;
    }
    // It is there already, or was when the visit ended with another booking, and nobody has marked it again since.
    const again = visit === undefined && before !== undefined && second > before.second;
    if (before?.arrived && before.doctor === doctor && !again) return;
    const other = this.#open.find((each) => each.doctor === doctor && each.state !== "acknowledged");
    if (visit?.bookings.size === 1 && other === undefined) {
      visit.handOver(doctor);
      this.#report(doctor);
      return;
    }
    this.#leave(visit, booking, "reassigned");
    if (other !== undefined) other.bookings.add(booking);
    else {
      this.visits.push(new Visit(doctor, booking));
      this.#report(doctor);
    }
  }

  #leave(visit: Visit | undefined, booking: string, ending: string): void {
    if (visit === undefined) return;
    if (visit.bookings.size === 1) visit.end(ending);
    else visit.bookings.delete(booking);
  }

  #report(doctor: string): void {
    if (doctor === STRANGER) this.reports += 1;
  }
}
