/** Times as the practice shows them. */

import { oncePer } from "../policy/oncePer.ts";

/** A practice's time zone; one object per configuration, so that formatters are made once. */
export interface Zone {
  readonly timezone: string;
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
  // Swedish writes dates as ISO 8601 does.
  day: new Intl.DateTimeFormat("sv-SE", { timeZone: timezone }),
}));

/** `2026-03-02` */
export const dayOf = (zone: Zone, at: Date): string => formatters(zone).day.format(at);

/** `Mon 2 Mar` */
export const dateOf = (zone: Zone, at: Date): string => formatters(zone).date.format(at).replaceAll(",", "");

/** `10:30`, and on another day than `today` `Tue 3 Mar 10:30`. */
export function timeOf(zone: Zone, at: Date, today: string): string {
  const time = formatters(zone).time.format(at);
  return dayOf(zone, at) === today ? time : `${dateOf(zone, at)} ${time}`;
}

/** Whole minutes from one moment to another, none when the other comes first. */
export const minutesBetween = (from: Date, to: Date): number =>
  Math.max(0, Math.floor((to.getTime() - from.getTime()) / 60_000));
