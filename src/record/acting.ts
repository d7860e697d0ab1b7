import type { Transaction } from "../store/database.ts";
import type { Actor, Entry } from "./entry.ts";
import type { Recorder } from "./recorder.ts";

/** Something that happened, without who did it. */
export type Happening = Omit<Entry, "actor" | "onBehalfOf">;

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
