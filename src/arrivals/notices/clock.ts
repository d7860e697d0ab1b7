/** Times as the practice shows them. */

import { oncePer } from "../../base/once-per.ts";
import { foldLocation } from "../../policy/names/locations.ts";

/** A time zone. One object per configuration, so that formatters are made once. */
export interface Zone {
  readonly timezone: string;
}

/** A practice's time zone, and those of locations in other zones, by folded name. */
export interface PracticeZone extends Zone {
  readonly locations?: ReadonlyMap<string, Zone>;
}

/**
 * Where an appointment is. `utcOffset`: minutes ahead of UTC in the time that HealthTrack sent; null: it did not say.
 */
interface Place {
  readonly location: string | null;
  readonly utcOffset?: number | null;
}

interface Appointment extends Place {
  readonly appointmentAt: Date;
}

/**
 * An appointment's zone: its location's if the practice has set one, otherwise the offset that was sent, otherwise the
 * practice's.
 */
export function zoneOf(practice: PracticeZone, { location, utcOffset = null }: Place): Zone {
  const set = location === null ? undefined : practice.locations?.get(foldLocation(location));
  return set ?? (utcOffset === null ? practice : zoneAhead(utcOffset));
}

/** `+08:00`, one object each: there are only so many. */
const ahead = new Map<number, Zone>();
function zoneAhead(minutes: number): Zone {
  const known = ahead.get(minutes);
  if (known !== undefined) return known;
  const two = (number: number) => String(number).padStart(2, "0");
  const size = Math.abs(minutes);
  const zone = { timezone: `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}` };
  ahead.set(minutes, zone);
  return zone;
}

const formatters = oncePer(({ timezone }: Zone) => ({
  time: new Intl.DateTimeFormat("en-AU", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }),
  date: new Intl.DateTimeFormat("en-AU", {
    timeZone: timezone,
    weekday: "short",
    day: "numeric",
    month: "short",
  }),
  dateAndYear: new Intl.DateTimeFormat("en-AU", {
    timeZone: timezone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  }),
  // Swedish writes dates in the ISO 8601 format.
  day: new Intl.DateTimeFormat("sv-SE", { timeZone: timezone }),
}));

/** `2026-03-02` */
export const dayOf = (zone: Zone, at: Date): string => formatters(zone).day.format(at);

/** `Mon 2 Mar`, or `Mon 2 Mar 2026` in another year than `today`. */
export function dateOf(zone: Zone, at: Date, today: string): string {
  const { date, dateAndYear } = formatters(zone);
  const sameYear = dayOf(zone, at).slice(0, -6) === today.slice(0, -6);
  return (sameYear ? date : dateAndYear).format(at).replaceAll(",", "");
}

/** `10:30`, or `Tue 3 Mar 10:30` on another day than `today`. */
export function timeOf(zone: Zone, at: Date, today: string): string {
  const time = formatters(zone).time.format(at);
  return dayOf(zone, at) === today ? time : `${dateOf(zone, at, today)} ${time}`;
}

/** An appointment's local time, with its date if that is not today there. */
export function appointmentTime(practice: PracticeZone, appointment: Appointment, now: Date): string {
  const zone = zoneOf(practice, appointment);
  return timeOf(zone, appointment.appointmentAt, dayOf(zone, now));
}

/** Whole minutes from one time to another; 0 if the other is earlier. */
export const minutesBetween = (from: Date, to: Date): number =>
  Math.max(0, Math.floor((to.getTime() - from.getTime()) / 60_000));
