/** The waiting room as a table, for a terminal. */

import type { Directory } from "../policy/model.ts";
import { type Arrival, stateOf } from "./arrival.ts";
import { appointmentTime, dayOf, minutesBetween, timeOf, zoneOf } from "./clock.ts";
import { nameOf } from "./notice.ts";
import type { ArrivalSettings } from "./parts.ts";
import { patientShown } from "./patient.ts";
import * as words from "./words.ts";

/** One line for each arrival, in the order given. */
export function boardOf(
  arrivals: readonly Arrival[],
  directory: Directory,
  settings: Pick<ArrivalSettings, "zone" | "show">,
  now: Date,
): string {
  if (arrivals.length === 0) return words.boardEmpty;
  const rows = arrivals.map((arrival) => rowOf(arrival, directory, settings, now));
  const all = [words.boardHeadings, ...rows];
  const widths = words.boardHeadings.map((_, column) =>
    Math.max(...all.map((row) => [...(row[column] ?? "")].length)),
  );
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function rowOf(
  arrival: Arrival,
  directory: Directory,
  { zone, show }: Pick<ArrivalSettings, "zone" | "show">,
  now: Date,
): string[] {
  const [first] = arrival.slots;
  const here = zoneOf(zone, first ?? { location: null });
  const late = first === undefined ? 0 : minutesBetween(first.appointmentAt, now);
  return [
    patientShown(arrival, show),
    nameOf(directory, arrival.doctor),
    first?.location ?? "",
    arrival.slots.map((slot) => appointmentTime(zone, slot, now)).join(", "),
    timeOf(here, arrival.arrivedAt, dayOf(here, now)),
    words.minutesShort(minutesBetween(arrival.arrivedAt, now)),
    late === 0 ? "" : words.minutesShort(late),
    stateOf(arrival),
  ];
}
