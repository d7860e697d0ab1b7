/** What people do at their clients in a day, and when Whisper is killed, made up at random. */
import fc from "fast-check";
import { GROUPS, PEOPLE } from "./practice.ts";

const by = fc.constantFrom(...PEOPLE);
const nobody = fc.constant<string[]>([]);
const wish = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("begin" as const),
      by,
      choice: fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({
            users: fc.subarray(PEOPLE, { minLength: 1, maxLength: 1 }),
            groups: nobody,
          }),
        },
        {
          weight: 2,
          arbitrary: fc.record({
            users: nobody,
            groups: fc.subarray(GROUPS, { minLength: 1, maxLength: 1 }),
          }),
        },
        {
          weight: 3,
          arbitrary: fc.record({
            users: fc.subarray(PEOPLE, { minLength: 2, maxLength: 4 }),
            groups: fc.oneof(
              { weight: 3, arbitrary: nobody },
              { weight: 1, arbitrary: fc.subarray(GROUPS, { minLength: 1, maxLength: 2 }) },
            ),
          }),
        },
      ),
      /** One of those chosen begins with the others at the same moment. */
      both: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 15,
    arbitrary: fc.record({
      do: fc.constant("say" as const),
      by,
      /** Which conversation, and which message of it. */
      where: fc.nat(1_000),
      about: fc.nat(20),
      how: fc.constantFrom(
        ...Array<"plain">(6).fill("plain"),
        ...(["reply", "reply", "thread", "thread", "edit", "reaction"] as const),
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("read" as const), by, where: fc.nat(1_000) }) },
);
export type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

/** What people do until about so many first messages and replies have been written. */
export function wishesOf(messages: number, seed: number): Wish[] {
  let count = 0;
  // More than half are such.
  const enough = fc.sample(wish, { numRuns: messages * 3, seed }).findIndex((each) => {
    const counts = each.do === "say" ? each.how !== "edit" && each.how !== "reaction" : each.do === "begin";
    if (counts) count += 1;
    return count >= messages;
  });
  return fc.sample(wish, { numRuns: enough + 1, seed });
}

const moment = fc.record({
  /** At a call of the homeserver: before Synapse hears of it, or after it has answered. */
  when: fc.constantFrom("before" as const, "after" as const),
  /** Which of the calls, of Whisper's own or any that passes through the gate. */
  call: fc.integer({ min: 1, max: 15 }),
  own: fc.boolean(),
});
export type Moment = typeof moment extends fc.Arbitrary<infer T> ? T : never;

/** The moments at which Whisper is killed. */
export const momentsOf = (kills: number, seed: number): Moment[] =>
  fc.sample(moment, { numRuns: kills, seed });
