import { ClientEvent, type MatrixEvent } from "matrix-js-sdk";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { ARRIVAL, bodyOf, place, redacts } from "../../../dev/clients/room-events.ts";
import { REF_KEY } from "../../../src/messages/outbox.ts";

const notice = z.object({ booking_id: z.string() });

/** A doctor at their client, who sees notices come and go. It counts instead of searching: a day has thousands. */
export class Desk {
  readonly person: Person;
  readonly #notices = new Map<string, MatrixEvent>();
  readonly #removed = new Set<string>();
  /** What this doctor said, including what Whisper said for them. */
  readonly #said = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  constructor(person: Person) {
    this.person = person;
    for (const event of person.seen) this.#take(event);
    person.client.on(ClientEvent.Event, (event) => this.#take(event));
  }

  #take(event: MatrixEvent): void {
    const redacted = redacts(event);
    const content = event.getWireContent();
    const ref: unknown = content[REF_KEY];
    if (event.getType() === "m.room.redaction" && typeof redacted === "string") this.#removed.add(redacted);
    else if (notice.safeParse(content[ARRIVAL]).success && typeof ref === "string")
      this.#notices.set(ref, event);
    else if (event.getSender() === this.person.userId) this.#count(bodyOf(event));
    for (const check of [...this.#waiting]) check();
  }

  /** Reacts to the notice that was sent under `ref`, as soon as it is there. */
  async click(ref: string, key: string): Promise<string> {
    const event = await this.#until(`the notice ${ref}`, () => this.#notices.get(ref));
    const { roomId, eventId } = place(event);
    await this.person.react(roomId, eventId, key);
    return eventId;
  }

  gone(event: string): Promise<true> {
    return this.#until(`the notice ${event} to go`, () => this.#removed.has(event));
  }

  /** This doctor's answer about the patient has been said this many times. */
  answered(patient: string, times: number): Promise<true> {
    return this.#until(`the answer about ${patient}`, () => (this.#said.get(patient) ?? 0) >= times);
  }

  #count(text: string): void {
    const patient = /Patient (day-\d+) /.exec(text)?.[1];
    if (patient !== undefined) this.#said.set(patient, (this.#said.get(patient) ?? 0) + 1);
  }

  #until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`${this.person.userId} waited in vain for ${what}`));
      }, 90_000);
      const check = () => {
        const found = look();
        if (found === undefined || found === false) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}
