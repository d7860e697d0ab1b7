/** When no SMS is sent, by the practice's clock: `21:00` to `07:00`. `from` after `to` runs over midnight. */
export interface QuietHours {
  readonly from: string;
  readonly to: string;
}

const DAY = 24 * 60;

/** The end of the quiet hours that `now` is in; null: it is in none. */
export function quietUntil(now: Date, timezone: string, quiet: QuietHours): Date | null {
  const [from, to] = [minutesOf(quiet.from), minutesOf(quiet.to)];
  const at = localMinutes(now, timezone);
  const inside = from < to ? from <= at && at < to : from > to && (at >= from || at < to);
  if (!inside) return null;
  const whole = now.getTime() - (now.getTime() % 60_000);
  const end = new Date(whole + ((to - at + DAY) % DAY) * 60_000);
  // The clock may change in between (daylight saving): an hour too early or too late.
  const off = (localMinutes(end, timezone) - to + DAY) % DAY;
  const correction = off > DAY / 2 ? DAY - off : -off;
  return new Date(end.getTime() + correction * 60_000);
}

const minutesOf = (clock: string): number => {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 60 + minutes;
};

const localMinutes = (at: Date, timezone: string): number =>
  minutesOf(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: timezone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }).format(at),
  );
