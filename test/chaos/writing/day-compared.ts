/** Compares what Whisper made of a day with what people asked for. */
import { isDeepStrictEqual } from "node:util";
import pg from "pg";
import { z } from "zod";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { listConversations } from "../../support/stack/conversation-api.ts";
import { roomAuditReport } from "../../support/stack/room-audit.ts";
import type { TestStack } from "../../support/stack/stack.ts";
import type { WritingDay } from "./day.ts";

/** Each conversation has one room, no two have the same, and everyone's list has all of theirs once and no others. */
export async function wrongConversations(stack: TestStack, day: WritingDay): Promise<string[]> {
  const conversations = [...day.conversations.values()];
  const faults = conversations.flatMap(({ key, rooms }) =>
    rooms.size === 1 ? [] : [`${key} has ${rooms.size} rooms: ${[...rooms].join(", ")}`],
  );
  for (const username of day.writers.keys()) {
    const listed = (await listConversations(stack, username, true))
      .filter(({ kind }) => kind === "individual" || kind === "group" || kind === "custom")
      .map(({ room_id }) => room_id)
      .sort();
    const ought = conversations
      .filter(({ members }) => members.includes(username))
      .flatMap(({ rooms }) => [...rooms])
      .sort();
    if (!isDeepStrictEqual(listed, ought))
      faults.push(
        `${username} has in the list ${difference(listed, ought)} too many, and not ${difference(ought, listed)}`,
      );
  }
  return faults;
}

const difference = <T>(those: readonly T[], without: readonly T[]): string => {
  const left = [...those];
  for (const each of without) if (left.includes(each)) left.splice(left.indexOf(each), 1);
  return `[${left.join(", ")}]`;
};

const rooms = z.object({
  rooms: z.array(z.object({ room_id: z.string(), joined_local_members: z.number() })),
});
const members = z.object({ joined: z.record(z.string(), z.unknown()) });

/** The rooms at the homeserver that anyone is in. */
export async function peopledRooms(stack: TestStack): Promise<Set<string>> {
  const answer = await atSynapse(stack, "GET", "/_synapse/admin/v1/rooms?limit=10000");
  return new Set(
    rooms.parse(answer).rooms.flatMap((room) => (room.joined_local_members > 0 ? [room.room_id] : [])),
  );
}

/** The homeserver has the conversations' rooms and no other, with their people in them, and the audit finds nothing. */
export async function wrongRooms(
  stack: TestStack,
  day: WritingDay,
  before: ReadonlySet<string>,
): Promise<string[]> {
  const faults: string[] = [];
  const ours = new Set([...day.conversations.values()].flatMap((each) => [...each.rooms]));
  for (const room of await peopledRooms(stack))
    if (!ours.has(room) && !before.has(room)) faults.push(`no conversation knows the room ${room}`);
  const people = new Set([...day.writers.keys()].map((username) => stack.userId(username)));
  for (const { key, members: wanted, rooms: its } of day.conversations.values())
    for (const room of its) {
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/joined_members`;
      const answer = await atSynapse(stack, "GET", path).catch((error: unknown) => String(error));
      if (typeof answer === "string") {
        faults.push(`${key} (${room}) cannot be looked at: ${answer}`);
        continue;
      }
      const { joined } = members.parse(answer);
      // Without Whisper and the accounts that stand for groups.
      const is = Object.keys(joined).filter((account) => people.has(account));
      const ought = wanted.map((username) => stack.userId(username));
      if (!isDeepStrictEqual(is.toSorted(), ought.toSorted()))
        faults.push(`in ${key} (${room}) ought to be ${ought.join(", ")} and are ${is.join(", ")}`);
    }
  const report = await roomAuditReport(stack);
  for (const room of report.rooms)
    for (const finding of room.findings)
      faults.push(`the audit finds in ${room.room_id} (${room.kind}): ${JSON.stringify(finding)}`);
  return faults;
}

/** Whisper gave up nothing that it had to do. */
export async function wrongWork(stack: TestStack): Promise<string[]> {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(
      `SELECT concat_ws(' ', 'an event was given up:', type, last_error) AS line
       FROM inbox WHERE parked_at IS NOT NULL
       UNION ALL
       SELECT concat_ws(' ', 'a send was given up:', type, last_error) FROM outbox WHERE dropped_at IS NOT NULL
       UNION ALL
       SELECT concat_ws(' ', 'a job was given up:', t.identifier, j.last_error)
       FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
       WHERE j.attempts >= j.max_attempts AND j.key IS NOT NULL`,
    );
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
  }
}
