import { z } from "zod";
import { conversationById } from "../../conversations/record/store.ts";
import { username } from "../../directory/input/schema.ts";
import { storedUsername } from "../../directory/stored-names.ts";
import type { Conversation, ConversationId, Username } from "../../policy/model.ts";
import { orderedPair } from "../../policy/people/individual.ts";
import type { Pair } from "../../policy/sms/recipient.ts";
import { NOT_SENT, planSms } from "../../sms/plan.ts";
import * as words from "../../sms/words.ts";
import type { Queryable } from "../../store/database.ts";
import { momentOut } from "../kernel/fields.ts";
import { invalidInput, notFound } from "../kernel/problem.ts";
import { type Route, route } from "../kernel/route.ts";
import { as, conversationId } from "./conversation-fields.ts";
import type { SmsRouteDependencies } from "./sms.ts";

/** The largest event that Synapse takes (Matrix, "Size limits"): no message is longer. */
const LONGEST = 65_536;
const REASONS = [...NOT_SENT.map(inJson), "not_set_up"] as const;

/** For a window that shows, while someone writes, what an SMS would count as, or why there is none. */
export const smsPreviewRoute = ({ database, sms }: SmsRouteDependencies): Route =>
  route({
    method: "POST",
    path: "/api/v1/sms/preview",
    scope: "messages:write",
    tag: "SMS",
    summary: "What a message would be as an SMS",
    description: `Sends and stores nothing. The same rules as for sending: \`reason\` says why none would go out, and \`detail\` says it as the
sender would read it. \`segments\` is what carriers charge. Quiet hours would hold it until \`held_until\`.`,
    body: z.strictObject({
      as,
      conversation: conversationId().optional().describe("where it would be written; or `user`"),
      user: username().optional().describe("to whom; a conversation with them need not exist"),
      text: z.string().max(LONGEST).describe("the message, with or without `#sms`"),
    }),
    bodyExample: { as: "kim.tran", user: "anna.jones", text: "Please call the ward" },
    responses: {
      200: {
        description: "What it would be.",
        body: z.strictObject({
          segments: z.int().nullable(),
          encoding: z.enum(["GSM-7", "UCS-2"]).nullable(),
          to_last_digits: z.string().nullable(),
          held_until: momentOut().nullable(),
          reason: z.enum(REASONS).nullable(),
          detail: z.string().nullable(),
        }),
        example: {
          segments: 1,
          encoding: "GSM-7",
          to_last_digits: "678",
          held_until: null,
          reason: null,
          detail: null,
        },
      },
    },
    problems: { 404: "There is no such user, or no such conversation of theirs." },
    handler: async ({ body }) => {
      const sender = await storedUsername(database, body.as);
      if (sender === null) throw notFound("such user");
      const conversation = await placeOf(database, sender, body);
      const directory = await sms.directory.fresh();
      const content = { msgtype: "m.text", body: body.text };
      const plan = await planSms(database, sms, directory, { conversation, sender, content });
      if (plan === null) return { status: 200, body: { ...NOTHING, reason: "group", detail: words.inGroup } };
      if (plan.is === "not sent")
        return { status: 200, body: { ...NOTHING, reason: inJson(plan.because), detail: plan.sentence } };
      const isSetUp = sms.provider.name !== "log";
      return {
        status: 200,
        body: {
          segments: plan.text.segments,
          encoding: plan.text.encoding,
          to_last_digits: plan.number.slice(-3),
          held_until: plan.held?.toISOString() ?? null,
          reason: isSetUp ? null : "not_set_up",
          detail: isSetUp ? null : words.notSetUp,
        },
      };
    },
  });

const NOTHING = { segments: null, encoding: null, to_last_digits: null, held_until: null };

type InJson<Code extends string> = Code extends `${infer Head}-${infer Rest}`
  ? `${Head}_${InJson<Rest>}`
  : Code;

function inJson<Code extends string>(code: Code): InJson<Code> {
  return code.replaceAll("-", "_") as InJson<Code>;
}

async function placeOf(
  db: Queryable,
  sender: Username,
  { conversation, user }: { conversation?: ConversationId | undefined; user?: Username | undefined },
): Promise<Conversation | Pair> {
  if ((conversation === undefined) === (user === undefined))
    throw invalidInput([{ path: "conversation", message: "Send either this or `user`" }]);
  if (user !== undefined) {
    const to = await storedUsername(db, user);
    if (to === null) throw notFound("such user");
    return { kind: "individual", pair: orderedPair(sender, to) };
  }
  const stored = conversation === undefined ? null : await conversationById(db, conversation);
  if (
    stored === null ||
    (stored.conversation.kind === "individual" && !stored.conversation.pair.includes(sender))
  )
    throw notFound("such conversation");
  return stored.conversation;
}
