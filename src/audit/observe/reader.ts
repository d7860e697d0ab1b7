import type { EventId, RoomId, UserId } from "../../policy/model.ts";
import type { ReadEvent } from "./entries.ts";

/** Where a page of a room's history begins, as Synapse says it. */
export type PageToken = string;

export interface Page {
  /** Newest first. */
  readonly events: readonly ReadEvent[];
  /** Null: there is nothing older. */
  readonly next: PageToken | null;
}

/** The homeserver does not know such a place in a room's history. */
export class UnknownPage extends Error {
  override readonly name = "UnknownPage";
}

/**
 * Reads rooms in the name of a user, so that the homeserver itself decides what they may see. Moves nothing of theirs:
 * no receipt, no presence, no time of last activity.
 */
export interface RoomReader {
  /**
   * @returns null: the user may not read the room now.
   * @throws UnknownPage; Away: the homeserver does not answer.
   */
  page(user: UserId, room: RoomId, from: PageToken | null, limit: number): Promise<Page | null>;
  /** @returns null: the user may not see the event. */
  event(user: UserId, room: RoomId, event: EventId): Promise<ReadEvent | null>;
}
