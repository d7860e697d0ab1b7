import { actingAs, type Happening, happening } from "../../record/acting.ts";
import type { Actor } from "../../record/entry.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Transaction } from "../../store/database.ts";
import type { Arrival } from "../rules/arrival.ts";
import type { ArrivalChange } from "../rules/arrival-change.ts";
import { arrivalToRow, noticeToRow, slotToRow } from "./arrival-rows.ts";

/** Puts changes of arrivals into the record, in the transaction that makes them. */
export const recordArrivalChanges = (
  tx: Transaction,
  { record, by = { is: "whisper" } }: { readonly record: Recorder; readonly by?: Actor },
  changes: readonly ArrivalChange[],
): Promise<void> => actingAs(record, by).write(tx, changes.map(recordedChange));

/** The whole arrival as it is from then on, and what is done about it now. */
const recordedChange = ({ arrival, effects }: ArrivalChange): Happening =>
  happening("arrival", `arrival:${arrival.id}`, { ...recorded(arrival), effects });

const recorded = (arrival: Arrival) => ({
  arrival: arrivalToRow(arrival),
  bookings: arrival.slots.map((slot) => slotToRow(arrival, slot)),
  notices: arrival.notices.map((notice) => noticeToRow(arrival, notice)),
});
