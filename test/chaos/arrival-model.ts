/**
 * What ought to become of one booking, whatever happens to Whisper on the way: a second, much simpler telling of the
 * rules, for bookings whose patients come but once.
 */

export type Progress = "waiting" | "replied" | "acknowledged" | "retracted";

/** One thing that happens to a booking. */
export type Step =
  | { readonly do: "put"; readonly status: string; readonly doctor: string }
  /** By the doctor who has the notice. */
  | { readonly do: "acknowledge" | "answer" };

export class BookingModel {
  /** By the order in which the patient came: how far each doctor got. */
  readonly arrivals: Map<string, Progress>[] = [];
  #here = false;
  #doctor = "";
  /** How often each doctor was told of the arrival that goes on. */
  readonly #tellings = new Map<string, number>();
  answers = 0;

  /** Whose room shows the notice now, for the how-many-th time, and how far they got. */
  get shown(): { readonly doctor: string; readonly telling: number; readonly progress: Progress } | null {
    const progress = this.#current()?.get(this.#doctor);
    if (!this.#here || (progress !== "waiting" && progress !== "replied")) return null;
    return { doctor: this.#doctor, telling: this.#tellings.get(this.#doctor) ?? 0, progress };
  }

  take(step: Step): void {
    switch (step.do) {
      case "put":
        this.#put(step.status === "arrived", step.doctor);
        return;
      case "acknowledge":
        this.#current()?.set(this.#doctor, "acknowledged");
        return;
      case "answer":
        this.answers += 1;
        this.#current()?.set(this.#doctor, "replied");
    }
  }

  #put(arrived: boolean, doctor: string): void {
    const current = this.#current();
    const before = this.#doctor;
    this.#doctor = doctor;
    if (!arrived) {
      if (this.#here) takeBack(current, before);
      this.#here = false;
      return;
    }
    if (!this.#here) {
      this.arrivals.push(new Map());
      this.#tellings.clear();
      this.#tell(doctor);
    } else if (doctor !== before) {
      takeBack(current, before);
      if (current?.get(doctor) !== "acknowledged") this.#tell(doctor);
    }
    this.#here = true;
  }

  #tell(doctor: string): void {
    this.#current()?.set(doctor, "waiting");
    this.#tellings.set(doctor, (this.#tellings.get(doctor) ?? 0) + 1);
  }

  #current(): Map<string, Progress> | undefined {
    return this.arrivals.at(-1);
  }
}

function takeBack(arrival: Map<string, Progress> | undefined, doctor: string): void {
  if (arrival?.get(doctor) === "waiting") arrival.set(doctor, "retracted");
}
