import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { ReceivedSms, SentSms } from "../../../dev/clients/twilio-messages.ts";
import type { Fault, TwilioStandIn } from "../../../dev/clients/twilio-stand-in.ts";
import { eventually } from "../../support/eventually.ts";
import { MIA_MOBILE, startSmsStack } from "../../support/sms/sms-stack.ts";
import { type Happening, killAgainAndAgain } from "../killer.ts";
import type { Findings, Scenario, ScenarioOptions } from "../scenario.ts";

export const smsDay: Scenario = {
  name: "sms-day",
  summary:
    "a day of messages flagged with #sms, with a Twilio that loses answers, reports and its temper, and Whisper killed again and again",
  run,
};

/** What Twilio does with a request; none: it answers as it should. */
const FAULTS: readonly (Fault | undefined)[] = [
  ...Array.from({ length: 12 }, () => undefined),
  "503 accepted",
  "503 not accepted",
  "429",
  "429",
  "answer lost",
  "answer cut off",
  "connection reset",
  "callback first",
];
const REPORTS = ["in order", "in order", "doubled", "reversed", "missing"] as const;
/** One in so many messages is replied to. */
const REPLIED = 5;
const ENDS = ["delivered", "review"];

class Day implements Happening {
  begun = 0;
  finished = false;
  readonly #messages: number;

  constructor(messages: number) {
    this.#messages = messages;
  }

  get progress(): number {
    return this.begun / this.#messages;
  }
}

async function run({ smoke, say }: ScenarioOptions): Promise<Findings> {
  const messages = Number(process.env.CHAOS_MESSAGES ?? (smoke ? 40 : 1_000));
  const kills = smoke ? 2 : 20;
  const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);
  say(`${messages} messages, ${kills} kills, CHAOS_SEED=${seed}`);
  const random = randomOf(seed);
  const sms = await startSmsStack({ WHISPER_LOG__LEVEL: "error", WHISPER_SMS__DAILY_LIMIT: "10000" });
  try {
    const { stack, twilio, anna, room } = sms;
    const counts = new Map<string, number>();
    misbehave(twilio, random, (what) => counts.set(what, (counts.get(what) ?? 0) + 1));
    const day = new Day(messages);
    const started = performance.now();
    const write = async () => {
      for (let nth = 0; nth < messages; nth++) {
        await anna.sendText(room, `Message ${nth} #sms`);
        day.begun += 1;
        if (nth % REPLIED === REPLIED - 1) await reply(twilio, random, `Reply ${nth}.`);
      }
      day.finished = true;
    };
    const kill = async () => {
      await pause(random() * 300);
      await stack.killWhisper();
    };
    await Promise.all([write(), killAgainAndAgain(stack, day, kills, kill, say)]);
    const rows = await ended(stack.databaseUrl, messages);
    // Each start fetches the replies that nobody told of.
    await stack.killWhisper();
    await stack.startWhisper();
    const replies = await repliesIn(stack.databaseUrl, twilio.received.length);
    const seconds = (performance.now() - started) / 1_000;
    const faults = [...wrong(rows, twilio.sent, messages), ...wrongReplies(replies, twilio.received)];
    return {
      rows: [
        ["messages flagged", messages],
        ["SMS delivered", rows.filter(({ state }) => state === "delivered").length],
        ["SMS about which the sender is asked", rows.filter(({ state }) => state === "review").length],
        ["requests that Twilio heard", twilio.asked],
        ["SMS that Twilio accepted", twilio.sent.length],
        ["replies by SMS", twilio.received.length],
        ["replies in the conversation", replies.length],
        ...[...counts].toSorted(([one], [other]) => one.localeCompare(other)),
        ["times Whisper was killed", kills],
        ["seconds", Math.round(seconds)],
        ["not as it should be", faults.length],
        ["seed", seed],
      ],
      faults: faults.map((fault) => `${fault} (CHAOS_SEED=${seed})`),
    };
  } finally {
    await sms.stop();
  }
}

/** Someone replies; Twilio calls, calls twice, or does not get through. */
async function reply(twilio: TwilioStandIn, random: () => number, text: string): Promise<void> {
  const received = twilio.receive(MIA_MOBILE, text);
  for (let calls = Math.floor(random() * 3); calls > 0; calls--) await twilio.tell(received);
}

/** The replies that Synapse has, once there are this many. */
async function repliesIn(databaseUrl: string, most: number): Promise<string[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const look = async () => {
    const { rows } = await client.query<{ body: string }>(
      "SELECT event->'content'->>'body' AS body FROM inbox WHERE event->'content' ? 'au.healthtrack.whisper.by_sms'",
    );
    return rows.map(({ body }) => body);
  };
  try {
    return await eventually(
      "every reply to be in the conversation",
      async () => {
        const replies = await look();
        return replies.length >= most ? replies : undefined;
      },
      120_000,
    ).catch(look);
  } finally {
    await client.end();
  }
}

function wrongReplies(replies: readonly string[], received: readonly ReceivedSms[]): string[] {
  const times = Map.groupBy(replies, (body) => body);
  return received.flatMap(({ body }) => {
    const count = times.get(`📱 ${body}`)?.length ?? 0;
    return count === 1 ? [] : [`${body} is in the conversation ${count} times`];
  });
}

function misbehave(twilio: TwilioStandIn, random: () => number, count: (what: string) => void): void {
  twilio.onRequest = async () => {
    const fault = FAULTS[Math.floor(random() * FAULTS.length)];
    twilio.faults.length = 0;
    if (fault !== undefined) {
      twilio.faults.push(fault);
      count(`answers: ${fault}`);
    }
    return undefined;
  };
  twilio.onAccepted = async (sent) => {
    const reports = REPORTS[Math.floor(random() * REPORTS.length)] ?? "in order";
    twilio.doubled = reports === "doubled";
    twilio.reversed = reports === "reversed";
    twilio.callsBack = reports !== "missing";
    // Whisper has to ask.
    if (reports === "missing") sent.status = "delivered";
    count(`reports: ${reports}`);
  };
}

interface Row {
  readonly body: string;
  readonly state: string;
}

/** Every SMS, once each has come to an end. */
async function ended(databaseUrl: string, messages: number): Promise<Row[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    return await eventually(
      "every SMS to come to an end",
      async () => {
        const { rows } = await client.query<Row>("SELECT body, state FROM sms_messages");
        return rows.length >= messages && rows.every(({ state }) => ENDS.includes(state)) ? rows : undefined;
      },
      600_000,
    ).catch(async () => (await client.query<Row>("SELECT body, state FROM sms_messages")).rows);
  } finally {
    await client.end();
  }
}

/** None sent twice, none without an end, and each end true. */
function wrong(rows: readonly Row[], sent: readonly SentSms[], messages: number): string[] {
  const faults: string[] = [];
  if (rows.length !== messages) faults.push(`${rows.length} SMS for ${messages} messages`);
  const byBody = Map.groupBy(sent, ({ body }) => body);
  for (const { body, state } of rows) {
    const times = byBody.get(body)?.length ?? 0;
    const first = body.split("\n", 1)[0];
    if (times > 1) faults.push(`${first} was sent ${times} times`);
    if (!ENDS.includes(state)) faults.push(`${first} is still ${state}`);
    if (state === "delivered" && times === 0) faults.push(`${first} is delivered and was never sent`);
    if (state === "review" && times > 0)
      faults.push(`${first} was sent, and the sender is asked all the same`);
  }
  return faults;
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
