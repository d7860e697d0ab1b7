/** A stack that sends SMS through the stand-in, with two people who write to each other. */
import pg from "pg";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { TwilioStandIn } from "../../../dev/clients/twilio-stand-in.ts";
import { eventually } from "../eventually.ts";
import { openConversation } from "../stack/conversation-api.ts";
import { settled } from "../stack/settled.ts";
import { freshStack, type TestStack } from "../stack/stack.ts";

export interface SmsStack {
  readonly stack: TestStack;
  readonly twilio: TwilioStandIn;
  readonly anna: Person;
  readonly mia: Person;
  readonly room: string;
  readonly conversation: string;
  /** How many SMS are in each state. */
  states(): Promise<Readonly<Record<string, number>>>;
  /** Waits until the SMS of this text is in one of these states. */
  until(text: string, states: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

export const MIA_MOBILE = "+61412345678";

export async function startSmsStack(env: NodeJS.ProcessEnv = {}): Promise<SmsStack> {
  const twilio = await TwilioStandIn.start();
  const stack = await freshStack({
    env: {
      ...twilio.env(),
      WHISPER_SMS__LEASE: "2s",
      WHISPER_SMS__GRACE: "5s",
      WHISPER_SMS__ASK_AFTER: "3s",
      ...env,
    },
  });
  twilio.whisper = stack.publicUrl;
  await mustCallApi(stack, "PUT", "/api/v1/directory", {
    users: [
      { username: "anna", name: "Anna Lee" },
      { username: "mia", name: "Mia Chen", mobile: "0412 345 678" },
    ],
    security_groups: [],
  });
  const { id, room } = await openConversation(stack, "anna", { users: ["mia"] });
  await settled(stack);
  const anna = await stack.signIn("anna", { pastTheGate: true });
  const mia = await stack.signIn("mia", { pastTheGate: true });
  const query = async <T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> => {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      return (await client.query<T>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    stack,
    twilio,
    anna,
    mia,
    room,
    conversation: id,
    async states() {
      const rows = await query<{ state: string; count: number }>(
        "SELECT state, count(*)::int AS count FROM sms_messages GROUP BY state",
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    },
    until: (text, states) =>
      eventually(
        `the SMS "${text}" to be ${states.join(" or ")}`,
        async () => {
          const [row] = await query<{ state: string }>(
            "SELECT state FROM sms_messages WHERE body LIKE $1 || E'\\n%'",
            [text],
          );
          return row !== undefined && states.includes(row.state) ? row.state : undefined;
        },
        60_000,
      ),
    async stop() {
      await stack.stop();
      await twilio.stop();
    },
  };
}
