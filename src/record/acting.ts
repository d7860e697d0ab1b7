import { randomUUID } from "node:crypto";
import type { Transaction } from "../store/database.ts";
import type { Actor, Entry, EntryType } from "./entry.ts";
import type { Recorder } from "./recorder.ts";

/** Something that happened, without who did it. */
export type Happening = Omit<Entry, "actor" | "onBehalfOf">;

/**
 * What happens now, in the transaction that does it: so it is there once, and needs no name by which it would be known
 * again.
 * @param about as in `Entry`.
 */
export const happening = (
  type: EntryType,
  about: string | null,
  body: Happening["body"],
  room: Happening["room"] = null,
): Happening => ({ ref: `${type}:${randomUUID()}`, type, at: new Date(), room, about, body });

/** The record, for what one actor does. */
export interface ActorRecord {
  /** As `Recorder.write`. */
  write(tx: Transaction, happenings: readonly Happening[]): Promise<void>;
}

/** @param onBehalfOf for whom, if the actor does it for someone else. */
export const actingAs = (record: Recorder, actor: Actor, onBehalfOf: Actor | null = null): ActorRecord => ({
  write: (tx, happenings) =>
    record.write(
      tx,
      happenings.map((happening) => ({ ...happening, actor, onBehalfOf })),
    ),
});
