/** What patients, HealthTrack and doctors may do in a day, made up at random. */
import fc from "fast-check";
import { STRANGER } from "./arrival-model.ts";

export const DOCTORS = Array.from({ length: 8 }, (_, index) => `dr.${index}`);
/** Marks every arrival. */
export const MARKER = "mia";
export const ANSWER = "Five minutes, please.";
/** Which of a patient's bookings. If they don't have that one, the first. */
const which = fc.nat(2);
/** One of those who have the notice. Now and then it is the one who only watches. */
const watcher = fc.constantFrom(false, false, true);
const wish = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      which,
      status: fc.constantFrom(
        ...["booked", "confirmed", "in_session", "out_session", "closed", "no_show", "cancelled"],
        ...Array<string>(14).fill("arrived"),
      ),
      // It goes to the other doctor, and back.
      other: fc.constantFrom(false, false, true),
      /** Sent once more, and then an older one: both must change nothing. */
      again: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("acknowledge" as const), which, watcher }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("answer" as const), which, watcher }) },
);
const doctor = fc.constantFrom(...DOCTORS, STRANGER, STRANGER);
const life = fc.record({
  bookings: fc.integer({ min: 1, max: 3 }),
  doctors: fc.tuple(doctor, doctor),
  wishes: fc.array(wish, { minLength: 3, maxLength: 11, size: "max" }),
});
export type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

/** Patients with at least this many bookings in total. */
export function livesOf(bookings: number, seed: number): Life[] {
  let count = 0;
  const enough = fc.sample(life, { numRuns: bookings, seed }).findIndex((each) => {
    count += each.bookings;
    return count >= bookings;
  });
  return fc.sample(life, { numRuns: enough + 1, seed });
}
