/** The waiting room as a table for a terminal. */

import { shownName } from "../../base/shown-name.ts";
import type { Directory } from "../../policy/model.ts";
import { type Arrival, stateOf } from "../rules/arrival.ts";
import { appointmentTime, dayOf, minutesBetween, type PracticeZone, timeOf, zoneOf } from "./clock.ts";
import { staffName } from "./notice.ts";
import { patientShown, type ShownPatient } from "./patient.ts";
import * as words from "./words.ts";

/** As many as a terminal shows well. */
export const MOST_ON_BOARD = 500;

/** One line per arrival, in the given order. If there are more than `MOST_ON_BOARD`, the last line says so. */
export function boardOf(
  waiting: readonly Arrival[],
  directory: Directory,
  settings: { readonly zone: PracticeZone; readonly show: ShownPatient },
  now: Date,
): string {
  const arrivals = waiting.slice(0, MOST_ON_BOARD);
  if (arrivals.length === 0) return words.boardEmpty;
  const shown = patientsOf(arrivals, settings.show);
  const rows = arrivals.map((arrival, index) =>
    rowOf(arrival, shown[index] ?? "", directory, settings.zone, now),
  );
  const all = [words.boardHeadings, ...rows];
  const widths = words.boardHeadings.map((_, column) =>
    Math.max(...all.map((row) => [...(row[column] ?? "")].length)),
  );
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  if (waiting.length > arrivals.length) lines.push(words.boardMore(arrivals.length));
  return lines.join("\n");
}

/** What each patient is called. Patients with the same name are shown with their ids. */
function patientsOf(arrivals: readonly Arrival[], show: ShownPatient): string[] {
  const shown = arrivals.map((arrival) => patientShown(arrival, show));
  const ids = new Map<string, Set<string>>();
  for (const [index, who] of shown.entries())
    ids.set(who, (ids.get(who) ?? new Set()).add(arrivals[index]?.patientId ?? ""));
  return arrivals.map((arrival, index) => {
    const who = shown[index] ?? "";
    return (ids.get(who)?.size ?? 0) > 1 ? words.withId(who, arrival.patientId) : who;
  });
}

function rowOf(
  arrival: Arrival,
  patient: string,
  directory: Directory,
  zone: PracticeZone,
  now: Date,
): string[] {
  const [first] = arrival.slots;
  const here = zoneOf(zone, first ?? { location: null });
  const late = first === undefined ? 0 : minutesBetween(first.appointmentAt, now);
  return [
    patient,
    arrival.doctor === null ? "" : staffName(directory, arrival.doctor),
    first?.location == null ? "" : shownName(first.location),
    arrival.slots.map((slot) => appointmentTime(zone, slot, now)).join(", "),
    timeOf(here, arrival.arrivedAt, dayOf(here, now)),
    words.minutesShort(minutesBetween(arrival.arrivedAt, now)),
    late === 0 ? "" : words.minutesShort(late),
    stateOf(arrival),
  ].map((cell) => cell.replace(/[\u2068\u2069]/gu, ""));
}
