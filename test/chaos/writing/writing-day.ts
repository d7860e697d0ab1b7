import { mustCallApi } from "../../../dev/clients/api.ts";
import { SAMPLE_PRACTICE } from "../../../dev/tour/sample-practice.ts";
import { listConversations, openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { killAgainAndAgain } from "../killer.ts";
import type { Findings, Scenario, ScenarioOptions } from "../scenario.ts";
import { WritingDay } from "./day.ts";
import { peopledRooms, wrongConversations, wrongRooms, wrongWork } from "./day-compared.ts";
import { CUSTOM_GROUPS, NEVER_RECEIVES, PEOPLE } from "./practice.ts";
import { wrongClients, wrongTimelines } from "./timelines-compared.ts";
import { type Moment, momentsOf, wishesOf } from "./wishes.ts";
import { Writer } from "./writer.ts";

export const writingDay: Scenario = {
  name: "writing-day",
  summary:
    "a day in which people begin conversations and write, and Whisper killed again and again on the way",
  run,
};

/** Of them, a client's own timelines are looked at as well. */
const WATCHED = ["dr.nair", "ruby", "mia", NEVER_RECEIVES];

async function run({ smoke, say }: ScenarioOptions): Promise<Findings> {
  const messages = Number(process.env.CHAOS_MESSAGES ?? (smoke ? 60 : 1_000));
  const kills = smoke ? 2 : 20;
  const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);
  say(`about ${messages} messages, ${kills} kills, CHAOS_SEED=${seed}`);
  const stack = await freshStack({ env: { WHISPER_LOG__LEVEL: "error" } });
  try {
    const { writers, handles, rooms } = await openPractice(stack);
    const clients = await Promise.all(WATCHED.map((username) => stack.signIn(username)));
    await settled(stack);
    const before = await peopledRooms(stack);

    const day = new WritingDay(stack, writers, handles, rooms, wishesOf(messages, seed));
    const moments = momentsOf(kills, seed);
    const started = performance.now();
    const killed = killAgainAndAgain(stack, day, kills, (nth) => killAt(stack, day, moments[nth - 1]), say);
    const faults: string[] = [];
    await Promise.all([day.live(), killed])
      .then(() => settled(stack, { ms: 600_000 }))
      .catch((error: unknown) => faults.push(error instanceof Error ? error.message : String(error)));
    const seconds = (performance.now() - started) / 1_000;
    faults.push(...day.faults);
    // Without an end there is nothing to compare.
    if (day.finished && stack.pids().whisper !== undefined) {
      say(`looking at every timeline, ${Math.round(seconds)} s after the day began`);
      faults.push(
        ...(await wrongConversations(stack, day)),
        ...(await wrongRooms(stack, day, before)),
        ...(await wrongTimelines(day)),
        ...(await wrongClients(day, clients)),
        ...(await wrongWork(stack)),
      );
    }
    const how = Map.groupBy(day.messages, (message) => message.how);
    return {
      rows: [
        ["messages acknowledged", day.messages.length],
        ["of these edits and reactions", (how.get("edit")?.length ?? 0) + (how.get("reaction")?.length ?? 0)],
        ["of these in threads", how.get("thread")?.length ?? 0],
        ["rooms that clients asked for", day.counts.begun],
        ["conversations", day.conversations.size],
        ["conversations that were refused", day.counts.refusals],
        ["receipts", day.counts.reads],
        ["requests that clients had to repeat", day.counts.repeated],
        ["times someone waited to be let in", day.counts.late],
        ["times Whisper was killed", kills],
        ["seconds", Math.round(seconds)],
        ["not as it should be", faults.length],
        ["seed", seed],
      ],
      faults: faults.map((fault) => `${fault} (CHAOS_SEED=${seed})`),
    };
  } finally {
    await stack.stop();
  }
}

/** The sample practice with its custom groups, everyone at a client. */
async function openPractice(stack: TestStack) {
  await mustCallApi(stack, "PUT", "/api/v1/directory", SAMPLE_PRACTICE);
  await mustCallApi(stack, "PATCH", `/api/v1/users/${NEVER_RECEIVES}/preferences`, { never_receive: true });
  const handles = new Map<string, string>();
  for (const { name } of SAMPLE_PRACTICE.security_groups) handles.set(name, stack.userId(`grp_${name}`));
  const ids = new Map<string, string>();
  for (const { name, by, users, groups } of CUSTOM_GROUPS) {
    const choice = {
      users,
      security_groups: groups.filter((group) => !ids.has(group)),
      custom_groups: groups.flatMap((group) => ids.get(group) ?? []),
    };
    const { id } = await openConversation(stack, by, choice, name);
    ids.set(name, id);
    handles.set(name, stack.userId(`grp_custom+${id}`));
  }
  await settled(stack);
  const writers = new Map<string, Writer>();
  const rooms = new Map<string, string>();
  for (const username of PEOPLE) {
    writers.set(username, new Writer(username, await stack.signIn(username, { withoutSync: true })));
    for (const { kind, name, room_id } of await listConversations(stack, username, true))
      if ((kind === "group" || kind === "custom") && room_id !== null) rooms.set(name, room_id);
  }
  return { writers, handles, rooms };
}

/** Kills Whisper at a call of the homeserver. Nothing is lost if there is none: then the day is over. */
async function killAt(stack: TestStack, day: WritingDay, moment: Moment | undefined): Promise<void> {
  if (moment === undefined) throw new Error("no moment was chosen for this kill");
  const { when, call, own } = moment;
  const fault = stack.proxy.inject({
    when,
    match: own ? { token: stack.appserviceToken } : {},
    nth: call,
    act: async ({ method, path }) => {
      await stack.killWhisper();
      day.note(`WHISPER IS KILLED ${when} ${method} ${decodeURIComponent(path)}`);
      return when === "before" ? { kind: "drop" } : { kind: "pass" };
    },
  });
  try {
    await fault.happened;
  } finally {
    fault.cancel();
  }
}
