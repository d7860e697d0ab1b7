import { z } from "zod";
import { code } from "../../directory/input/left-out.ts";
import type { SmsDependencies } from "../../sms/dependencies.ts";
import { smsInReview } from "../../sms/record/messages.ts";
import { smsUsage } from "../../sms/record/usage.ts";
import { decide } from "../../sms/review.ts";
import type { Database } from "../../store/database.ts";
import { moment, momentOut } from "../kernel/fields.ts";
import { invalidInput, notFound } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";

const TAG = "SMS";
/** Longer than a year: a year's bill can be checked in one request. */
const LONGEST_DAYS = 400;

export interface SmsRouteDependencies {
  readonly database: Database;
  readonly sms: SmsDependencies;
}

/** What SMS cost, and those whose fate nobody knows. */
export const smsRoutes = ({ database, sms }: SmsRouteDependencies): Route[] => [
  route({
    method: "GET",
    path: "/api/v1/sms/usage",
    scope: "users:read",
    tag: TAG,
    summary: "SMS by user and day",
    description:
      "Oldest first. Days are the practice's. `segments` is what carriers count and charge. SMS that never went to the provider do not count.",
    query: z.strictObject({
      from: moment().describe("queued at or after this time"),
      to: moment().describe("queued before this time, at most 400 days later"),
    }),
    responses: {
      200: {
        description: "What was sent.",
        body: z.strictObject({
          usage: z.array(
            z.strictObject({
              day: z.string(),
              username: z.string(),
              messages: z.int(),
              segments: z.int(),
              delivered: z.int(),
              failed: z.int(),
            }),
          ),
        }),
        example: {
          usage: [
            { day: "2026-03-02", username: "dr.jones", messages: 3, segments: 4, delivered: 2, failed: 1 },
          ],
        },
      },
    },
    handler: async ({ query: { from, to } }) => {
      if (to.getTime() - from.getTime() > LONGEST_DAYS * 86_400_000)
        throw invalidInput([{ path: "to", message: "Must be at most 400 days after `from`" }]);
      const { timezone } = sms.smsSettings;
      return { status: 200, body: { usage: [...(await smsUsage(database, { from, to, timezone }))] } };
    },
  }),
  route({
    method: "GET",
    path: "/api/v1/sms/review",
    scope: "messages:write",
    tag: TAG,
    summary: "SMS that may or may not have been sent",
    description: "Each waits for its sender's decision. At most 500, oldest first.",
    responses: {
      200: {
        description: "Those to decide about.",
        body: z.strictObject({
          review: z.array(
            z.strictObject({
              id: z.string(),
              conversation: z.string(),
              event_id: z.string(),
              sender: z.string(),
              recipient: z.string(),
              said_at: momentOut(),
            }),
          ),
        }),
        example: {
          review: [
            {
              id: "17",
              conversation: "0b5c2c56-57f0-4c49-9e0f-2a4f7a5d9a11",
              event_id: "$abc",
              sender: "dr.jones",
              recipient: "mia.chen",
              said_at: "2026-03-01T23:24:10.000Z",
            },
          ],
        },
      },
    },
    handler: async () => ({
      status: 200,
      body: {
        review: (await smsInReview(database)).map((each) => ({
          id: each.id,
          conversation: each.conversation,
          event_id: each.shownEvent,
          sender: each.sender,
          recipient: each.recipient,
          said_at: each.saidAt.toISOString(),
        })),
      },
    }),
  }),
  writeRoute({
    method: "POST",
    path: "/api/v1/sms/review/{id}",
    scope: "messages:write",
    tag: TAG,
    summary: "Decide about an SMS in review",
    description: "`send` looks for it at the provider once more before it is sent. `leave` leaves it.",
    params: z.strictObject({ id: z.string().regex(/^[0-9]{1,18}$/, "Must be a whole number") }),
    body: z.strictObject({ do: code(["send", "leave"]) }),
    bodyExample: { do: "leave" },
    responses: { 204: { description: "It is decided." } },
    problems: { 404: "There is no such SMS in review." },
    handler: async ({ params, body }, { tx }) => {
      if (!(await decide(tx, sms, params.id, body.do))) throw notFound("such SMS in review");
      return { status: 204 };
    },
  }),
];
