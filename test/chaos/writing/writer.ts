import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { optionsOf } from "../../support/stack/element.ts";

/** How soon a client tries again, and how long it goes on, in milliseconds. */
const AGAIN = 200;
const PATIENCE = 300_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The tries that were not answered, or that the client was told to make again; the same one after another once. */
  readonly failed: readonly string[];
}

/** Someone at a client that repeats what was not answered, as clients do: a message with the same transaction id. */
export class Writer {
  readonly username: string;
  readonly person: Person;
  #sends = 0;
  #rooms = new Set<string>();

  constructor(username: string, person: Person) {
    this.username = username;
    this.person = person;
  }

  /** Asks for a conversation with these accounts, as Element does. */
  begin(to: readonly string[]): Promise<Answer> {
    return this.#persist("POST", "/_matrix/client/v3/createRoom", optionsOf({ to, text: "" }));
  }

  /** Waits until the client shows the room. @returns whether it did at once. */
  async see(roomId: string): Promise<boolean> {
    for (let looks = 0; !this.#rooms.has(roomId); looks += 1) {
      if (looks > PATIENCE / AGAIN) throw new Error(`${this.username} is not in ${roomId}`);
      if (looks > 0) await wait(AGAIN);
      const { body } = await this.#persist("GET", "/_matrix/client/v3/joined_rooms");
      this.#rooms = new Set(z.object({ joined_rooms: z.array(z.string()) }).parse(body).joined_rooms);
      if (this.#rooms.has(roomId)) return looks === 0;
    }
    return true;
  }

  send(roomId: string, type: string, content: object): Promise<Answer> {
    this.#sends += 1;
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/${type}/day.${this.#sends}`;
    return this.#persist("PUT", path, content);
  }

  read(roomId: string, eventId: string): Promise<Answer> {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/receipt/m.read/${encodeURIComponent(eventId)}`;
    return this.#persist("POST", path, {});
  }

  async #persist(method: string, path: string, content?: object): Promise<Answer> {
    const failed: string[] = [];
    for (const until = performance.now() + PATIENCE; ; await wait(AGAIN)) {
      const answer = await this.person
        .request(method, path, content)
        .catch((error: unknown) => ({ status: 0, body: reasonOf(error) }));
      if (answer.status > 0 && answer.status < 500 && answer.status !== 429) return { ...answer, failed };
      const how = `${answer.status} ${JSON.stringify(answer.body)}`;
      if (failed.at(-1) !== how) failed.push(how);
      if (performance.now() > until)
        throw new Error(
          `${this.username} was not answered: ${method} ${path}: ${failed.slice(-3).join(", ")}`,
        );
    }
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};

export const roomIn = (answer: Answer): string =>
  z.object({ room_id: z.string() }).parse(answer.body).room_id;
export const eventIn = (answer: Answer): string =>
  z.object({ event_id: z.string() }).parse(answer.body).event_id;
