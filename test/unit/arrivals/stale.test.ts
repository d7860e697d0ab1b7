import { expect } from "chai";
import { comesTooLate } from "../../../src/arrivals/stale.ts";

const SYDNEY = {
  timezone: "Australia/Sydney",
  locations: new Map([["perth", { timezone: "Australia/Perth" }]]),
};
const settings = { zone: SYDNEY, staleAfter: 12 * 3_600_000 };

describe("an arrival that reaches Whisper late", () => {
  // Sydney is three hours ahead of Perth in March, and eleven ahead of UTC.
  for (const [what, came, now, place, tooLate] of [
    ["a minute later", "2026-03-02T09:00+11:00", "2026-03-02T09:01+11:00", {}, false],
    ["on the same day, within the time", "2026-03-02T08:00+11:00", "2026-03-02T19:59+11:00", {}, false],
    ["on the same day, after the time", "2026-03-02T08:00+11:00", "2026-03-02T20:01+11:00", {}, true],
    ["the day after", "2026-03-01T23:00+11:00", "2026-03-02T07:00+11:00", {}, true],
    ["days later", "2026-02-26T10:00+11:00", "2026-03-02T10:00+11:00", {}, true],
    ["within an hour of midnight", "2026-03-01T23:59+11:00", "2026-03-02T00:59+11:00", {}, false],
    ["more than an hour after midnight", "2026-03-01T23:59+11:00", "2026-03-02T01:00+11:00", {}, true],
    [
      "at a site where it is still the day",
      "2026-03-01T23:59+11:00",
      "2026-03-02T02:30+11:00",
      { location: "Perth" },
      false,
    ],
    [
      "at a site where midnight has passed",
      "2026-03-02T02:59+11:00",
      "2026-03-02T04:00+11:00",
      { location: " perth" },
      true,
    ],
    [
      "where the offset sent says that it is still the day",
      "2026-03-01T23:59+11:00",
      "2026-03-02T02:30+11:00",
      { utcOffset: 480 },
      false,
    ],
    ["from a clock that is ahead", "2026-03-02T00:03+11:00", "2026-03-01T23:59+11:00", {}, false],
  ] as const) {
    it(`${what} is ${tooLate ? "too late to announce" : "announced"}`, () => {
      const booking = { location: null, utcOffset: null, changedAt: new Date(came), ...place };
      expect(comesTooLate(booking, settings, new Date(now))).to.equal(tooLate);
    });
  }
});
