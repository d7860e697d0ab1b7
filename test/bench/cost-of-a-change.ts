import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { mustCallApi } from "../../dev/clients/api.ts";
import { BOT, USER_PREFIX } from "../../dev/stack/whisper.ts";
import { directorySnapshot } from "../../src/directory/snapshot.ts";
import type { PracticeSettings, UserId } from "../../src/policy/model.ts";
import { openDatabase } from "../../src/store/database.ts";
import { furnish } from "../support/practice/furnished.ts";
import { settled } from "../support/stack/settled.ts";
import type { TestStack } from "../support/stack/stack.ts";
import { nameOf } from "../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "./bench.ts";
import { rowsOf, startStraight, withBenchStack } from "./bench-stack.ts";
import { cpuOf } from "./cpu.ts";

export const costOfAChange: Bench = {
  name: "cost-of-a-change",
  summary: "what one person more in one group costs in a large practice, beside a small one",
  minutes: 1,
  run: (options) => withBenchStack((stack) => measure(stack, options)),
};

const SMALL = { users: 100, groups: 10 };

async function measure(stack: TestStack, { smoke, say }: BenchOptions): Promise<Figure[]> {
  const large = smoke ? { users: 1_000, groups: 100 } : { users: 10_000, groups: 1_000 };
  const rounds = smoke ? 4 : 20;
  await countStatements(stack);
  const usernames = Array.from({ length: SMALL.users }, (_, index) => `staff.${index}`);
  await mustCallApi(stack, "PUT", "/api/v1/directory", {
    users: usernames.map((username) => ({ username, name: nameOf(username) })),
    security_groups: Array.from({ length: SMALL.groups }, (_, group) => ({
      id: `group-${group}`,
      name: `Group ${group}`,
      members: usernames.slice(group * 5, group * 5 + 10),
    })),
  });
  await settled(stack, { ms: 600_000, gaps: true });
  const before = await costOf(stack, rounds);

  say(`${large.users} users and ${large.groups} groups, of whom Synapse knows the first ${SMALL.users}`);
  await stack.stopWhisper();
  await grow(stack, large);
  await startStraight(stack);
  await settled(stack, { ms: 600_000, gaps: true });
  const after = await costOf(stack, rounds);
  const of = `one membership change at ${large.users} users (raw: at ${SMALL.users})`;
  const goal = { of: "ratio", atMost: 3 } as const;
  return [
    {
      what: `statements of ${of}`,
      unit: "statements",
      raw: before.statements,
      whisper: after.statements,
      goal,
    },
    { what: `processor time of Whisper of ${of}`, unit: "ms", raw: before.cpu, whisper: after.cpu, goal },
  ];
}

/** Makes PostgreSQL count its statements, with its own extension, which it loads at its start. */
async function countStatements(stack: TestStack): Promise<void> {
  if (process.env.DATABASE_URL) throw new Error("unset DATABASE_URL: the server has to be restarted");
  await stack.stopWhisper();
  await asSuperuser(stack, "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
  await stack.stopPostgres();
  await stack.startPostgres();
  await asSuperuser(stack, "CREATE EXTENSION pg_stat_statements");
  await asSuperuser(stack, "GRANT pg_read_all_stats TO whisper");
  await startStraight(stack);
}

async function asSuperuser(stack: TestStack, sql: string): Promise<void> {
  const url = new URL(stack.databaseUrl);
  url.username = "postgres";
  url.password = readFileSync(join(stack.stateDir, "postgres", "superuser-password"), "utf8").trim();
  const client = new pg.Client(url.href);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** For one change, less what Whisper does in the same time when nothing changes. */
async function costOf(stack: TestStack, rounds: number): Promise<{ statements: number; cpu: number }> {
  const pid = stack.pids().whisper ?? 0;
  const look = async () => {
    const [row] = await rowsOf<{ calls: number }>(
      stack,
      // This bench's own statements don't count.
      `SELECT coalesce(sum(calls), 0)::int AS calls FROM pg_stat_statements
       WHERE query NOT LIKE '%FROM inbox WHERE handled_at IS NULL AND parked_at IS NULL)::int%'`,
    );
    return { statements: row?.calls ?? 0, cpu: cpuOf(pid), at: performance.now() };
  };
  await change(stack, 0);
  await settled(stack);
  const idle = await look();
  await pause(5_000);
  const began = await look();
  for (let round = 1; round <= rounds; round++) {
    await change(stack, round);
    await settled(stack);
  }
  const ended = await look();
  const share = (ended.at - began.at) / (began.at - idle.at);
  const less = (key: "statements" | "cpu") =>
    (ended[key] - began[key] - share * (began[key] - idle[key])) / rounds;
  return { statements: Math.round(less("statements")), cpu: less("cpu") };
}

/** Into a group and out of it, in turns. */
async function change(stack: TestStack, round: number): Promise<void> {
  const members = Array.from({ length: 10 + (round % 2) }, (_, index) => `staff.${index}`);
  await mustCallApi(stack, "PUT", "/api/v1/security-groups/group-0", {
    id: "group-0",
    name: "Group 0",
    members,
  });
}

/** More people and groups, with everything that belongs to them, as if they had been there for a long time. */
async function grow(stack: TestStack, { users, groups }: { users: number; groups: number }): Promise<void> {
  const database = openDatabase({ url: stack.databaseUrl, max: 2 });
  try {
    await database.query(
      `INSERT INTO users (username, name) SELECT 'staff.' || n, 'Staff ' || n FROM generate_series($1::int, $2::int - 1) AS n`,
      [SMALL.users, users],
    );
    await database.query(
      "INSERT INTO security_group_members SELECT 'Default', username FROM users ON CONFLICT DO NOTHING",
    );
    await database.query(
      `INSERT INTO security_groups (id, name) SELECT 'group-' || n, 'Group ' || n FROM generate_series($1::int, $2::int - 1) AS n`,
      [SMALL.groups, groups],
    );
    await database.query(
      `INSERT INTO security_group_members SELECT 'group-' || g, 'staff.' || ($3::int + (g * 47 + m * 13) % ($4::int - $3::int))
       FROM generate_series($1::int, $2::int - 1) AS g, generate_series(1, 50) AS m ON CONFLICT DO NOTHING`,
      [SMALL.groups, groups, SMALL.users, users],
    );
    const settings: PracticeSettings = {
      serverName: stack.serverName,
      userPrefix: USER_PREFIX,
      bot: `@${BOT}:${stack.serverName}` as UserId,
      practiceName: "Wattle Street Family Practice",
      customGroupsEditedBy: "members",
    };
    const directory = directorySnapshot(database);
    await furnish({
      database,
      dependencies: { directory, settings, archiveAfter: 0, now: () => new Date() },
    });
    // Long ago, so that nobody looks for recent messages in rooms that only the mirror knows.
    await database.query(
      "UPDATE conversations SET created_at = now() - interval '1 year' WHERE room_id LIKE '!%:practice.test'",
    );
    await database.query("ANALYZE");
  } finally {
    await database.close();
  }
}
