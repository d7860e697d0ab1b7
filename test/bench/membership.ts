import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { putGroup, putUser } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { rowsOf, withBenchStack } from "./bench-stack.ts";
import { median, percentile } from "./numbers.ts";

const GROUP = "theatre";
const STAFF = ["ada", "ben", "cleo", "dan"];
const GUEST = "eve";

export const membership: Bench = {
  name: "membership",
  summary: "how soon somebody is in a group's room or out of it, at rest and while users are sent one by one",
  minutes: 4,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  const [users, rounds] = smoke ? [20, 3] : [200, 15];
  for (const username of [...STAFF, GUEST]) await putUser(stack, username);
  await putGroup(stack, GROUP, STAFF);
  await settled(stack);
  // The first change warms everything up and doesn't count.
  await change(stack, true);
  await change(stack, false);
  await settled(stack);

  const idle: number[] = [];
  for (let round = 0; round < rounds; round++) {
    idle.push(await change(stack, round % 2 === 0));
    await settled(stack);
  }
  if (rounds % 2 === 1) await change(stack, false);
  await settled(stack);

  say(`sending ${users} users one by one`);
  let sent = 0;
  const sending = (async () => {
    for (; sent < users; sent++) await putUser(stack, `user.${sent}`);
  })();
  const busy: number[] = [];
  let inside = false;
  let backlog = users;
  while (busy.length < rounds || sent < users) {
    await pause(200);
    inside = !inside;
    busy.push(await change(stack, inside));
    backlog = await waiting(stack);
    if (sent >= users && backlog === 0) break;
    if (busy.length >= 3 * rounds) break;
  }
  await sending;
  say(`${busy.length} changes while they came; ${backlog} rooms and accounts were still to be made`);
  return [
    {
      what: "membership change during a user-by-user import, median (raw: at rest)",
      unit: "ms",
      raw: median(idle),
      whisper: median(busy),
      goal: { of: "ratio", atMost: 2 },
    },
    {
      what: "membership change during a user-by-user import, p95 (raw: at rest)",
      unit: "ms",
      raw: percentile(idle, 0.95),
      whisper: percentile(busy, 0.95),
    },
  ];
}

/** Milliseconds from HealthTrack's request until Synapse has let the guest in, or put them out. */
async function change(stack: TestStack, inside: boolean): Promise<number> {
  const started = performance.now();
  await putGroup(stack, GROUP, inside ? [...STAFF, GUEST] : STAFF);
  await eventually(
    `${GUEST} to be ${inside ? "in" : "out"}`,
    async () => {
      const [row] = await rowsOf<{ inside: boolean }>(
        stack,
        `SELECT EXISTS (SELECT FROM room_members m JOIN conversations c ON c.room_id = m.room_id
           WHERE c.security_group = $1 AND m.user_id = $2 AND m.membership = 'join') AS inside`,
        [GROUP, stack.userId(GUEST)],
      );
      return row?.inside === inside;
    },
    120_000,
  );
  return performance.now() - started;
}

async function waiting(stack: TestStack): Promise<number> {
  const [row] = await rowsOf<{ left: number }>(
    stack,
    "SELECT ((SELECT count(*) FROM room_checks) + (SELECT count(*) FROM account_checks))::int AS left",
  );
  return row?.left ?? 0;
}
