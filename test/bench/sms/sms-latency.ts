import { ClientEvent, type MatrixEvent } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { type SmsStack, startSmsStack } from "../../support/sms/sms-stack.ts";
import { settled } from "../../support/stack/settled.ts";
import { roomOfKind } from "../../support/stack/staff.ts";
import type { Bench, BenchOptions, Figure } from "../bench.ts";
import { median, percentile } from "../numbers.ts";

export const smsLatency: Bench = {
  name: "sms-latency",
  summary: "from a message with #sms to the request at Twilio, beside a command and Whisper's answer",
  minutes: 2,
  async run(options) {
    const sms = await startSmsStack({ WHISPER_SMS__DAILY_LIMIT: "10000" });
    try {
      return await measure(sms, options);
    } finally {
      await sms.stop();
    }
  },
};

async function measure(sms: SmsStack, { smoke }: BenchOptions): Promise<Figure[]> {
  const rounds = smoke ? 5 : 60;
  const { anna, stack, twilio, room } = sms;
  await stack.stopWhisper();
  await stack.startWhisper({ WHISPER_HOMESERVER__URL: stack.synapse });
  const control = (await roomOfKind(anna, "control")).roomId;
  await settled(stack);
  const answers: number[] = [];
  const posts: number[] = [];
  // The first rounds warm everything up and don't count.
  for (let round = -5; round < rounds; round++) {
    const answer = await untilAnswer(anna, control, () => anna.sendText(control, "prefs"));
    await settled(stack);
    const { promise, resolve } = Promise.withResolvers<number>();
    twilio.onRequest = async () => {
      resolve(performance.now());
      return undefined;
    };
    const started = performance.now();
    const [posted] = await Promise.all([promise, anna.sendText(room, `Round ${round} #sms`)]);
    await twilio.settled();
    await settled(stack);
    if (round < 0) continue;
    answers.push(answer);
    posts.push(posted - started);
  }
  const goal = { of: "ratio", atMost: 1.3 } as const;
  return [
    {
      what: "SMS at Twilio ÷ a bot's answer, median",
      unit: "ms",
      raw: median(answers),
      whisper: median(posts),
      goal,
    },
    {
      what: "SMS at Twilio ÷ a bot's answer, p95",
      unit: "ms",
      raw: percentile(answers, 0.95),
      whisper: percentile(posts, 0.95),
      goal,
    },
  ];
}

/** Milliseconds from the act until Whisper's answer is at the person's client. */
async function untilAnswer(person: Person, room: string, act: () => Promise<unknown>): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const look = (event: MatrixEvent) => {
    if (event.getRoomId() === room && event.getSender() !== person.userId && bodyOf(event) !== "")
      resolve(performance.now());
  };
  person.client.on(ClientEvent.Event, look);
  try {
    const started = performance.now();
    const [seen] = await Promise.all([promise, act()]);
    return seen - started;
  } finally {
    person.client.off(ClientEvent.Event, look);
  }
}
