import { setTimeout as pause } from "node:timers/promises";
import { mustCallApi } from "../../dev/clients/api.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { nameOf } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { rowsOf, withBenchStack } from "./bench-stack.ts";
import { rawImport } from "./raw-import.ts";

/** The number of people in each group. Each person is in one group. */
const IN_GROUP = 25;

export const firstImport: Bench = {
  name: "first-import",
  summary:
    "everybody of a new practice in the rooms that people share, beside the same rooms and joins made without Whisper",
  minutes: 15,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  const users = smoke ? 50 : 1_000;
  const usernames = Array.from({ length: users }, (_, index) => `staff.${index}`);
  const groups = Array.from({ length: users / IN_GROUP }, (_, group) =>
    usernames.slice(group * IN_GROUP, (group + 1) * IN_GROUP),
  );
  const began = performance.now();
  await mustCallApi(stack, "PUT", "/api/v1/directory", {
    users: usernames.map((username) => ({ username, name: nameOf(username) })),
    security_groups: groups.map((members, group) => ({
      id: `group-${group}`,
      name: `Group ${group}`,
      members,
    })),
  });
  const accounts = await until(
    stack,
    began,
    "accounts",
    () => accountsMade(stack, users + groups.length),
    say,
  );
  // The rooms that people share: those of groups, of Default and of the alerts.
  const joins = 3 * users;
  const rooms = await until(stack, began, "joins", () => joinsMade(stack, joins), say);
  await settled(stack, { ms: 1_800_000 });
  const everything = performance.now() - began;

  say("the same accounts, rooms and joins without Whisper");
  const raw = await rawImport(stack, new Map(usernames.map((username) => [username, nameOf(username)])));
  const took = (rooms - accounts) / 1_000;
  return [
    {
      what: `first import of ${users}: all accounts (raw: without Whisper, 8 at once)`,
      unit: "s",
      raw: raw.accounts / 1_000,
      whisper: accounts / 1_000,
    },
    {
      what: "… then everybody in their rooms (raw: the same rooms and joins without Whisper, 8 at once)",
      unit: "s",
      raw: raw.joins / 1_000,
      whisper: took,
      goal: { of: "ratio", atMost: 1.2 },
    },
    { what: "… joins", unit: "/s", raw: (joins * 1_000) / raw.joins, whisper: joins / took },
    { what: "… and the chats with Whisper and arrivals rooms", unit: "s", whisper: everything / 1_000 },
  ];
}

/** Milliseconds from `began` until nothing is left to do. */
async function until(
  stack: TestStack,
  began: number,
  what: string,
  left: () => Promise<number>,
  say: (line: string) => void,
): Promise<number> {
  for (let look = 0; ; look++) {
    const more = await left();
    if (more <= 0) return performance.now() - began;
    if (look % 40 === 39) say(`${more} ${what} to go`);
    await pause(500);
    if (stack.pids().whisper === undefined) throw new Error("Whisper has ended");
  }
}

async function accountsMade(stack: TestStack, wanted: number): Promise<number> {
  const [row] = await rowsOf<{ made: number }>(stack, "SELECT count(*)::int AS made FROM accounts");
  return wanted - (row?.made ?? 0);
}

async function joinsMade(stack: TestStack, wanted: number): Promise<number> {
  const [row] = await rowsOf<{ made: number }>(
    stack,
    `SELECT count(*)::int AS made FROM room_members m JOIN conversations c ON c.room_id = m.room_id
     WHERE c.kind IN ('group', 'alerts') AND m.membership = 'join' AND m.user_id LIKE '@ht\\_staff.%'`,
  );
  return wanted - (row?.made ?? 0);
}
