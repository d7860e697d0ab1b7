import { z } from "zod";
import { ALERT_SEVERITIES } from "../../conversations/alerts.ts";
import { filledText } from "../../directory/input/text-schema.ts";
import type { Transaction } from "../../store/database.ts";
import { id, moment } from "../kernel/fields.ts";
import { invalidInput, notFound } from "../kernel/problem.ts";
import { type Route, writeRoute } from "../kernel/route.ts";

const severity = z.enum(ALERT_SEVERITIES);

export interface NewAlert {
  readonly text: string;
  readonly severity: z.output<typeof severity>;
  readonly expiresAt: Date | null;
}

export interface Alerts {
  /** Gives the alert's id. Null: the text is too long for one message, and nothing was posted. */
  post(tx: Transaction, alert: NewAlert): Promise<string | null>;
  /** False: there is no such alert. Withdrawn twice is once. */
  withdraw(tx: Transaction, id: string): Promise<boolean>;
}

const TAG = "Alerts";
const LONGEST = 10_000;
const TOO_LONG =
  "Is too long for one message, where quotation marks, line breaks and similar take several characters: shorten it";

/** Alerts to everyone at the practice. */
export function alertRoutes({ alerts }: { readonly alerts: Alerts }): Route[] {
  return [
    writeRoute({
      method: "POST",
      path: "/api/v1/alerts",
      scope: "messages:write",
      tag: TAG,
      summary: "Post an alert to everyone",
      body: z.strictObject({
        text: filledText(LONGEST),
        severity: severity.default("info"),
        expires_at: moment()
          .optional()
          .describe("when it disappears, not in the past; if left out, it stays until withdrawn"),
      }),
      bodyExample: { text: "The phones are down until 11.", severity: "warning" },
      responses: {
        200: {
          description: "The alert is being posted.",
          body: z.strictObject({ id: z.string() }),
          example: { id: "17" },
        },
      },
      handler: async ({ body }, { tx }) => {
        const { text, severity, expires_at: expiresAt = null } = body;
        if (expiresAt !== null && expiresAt.getTime() <= Date.now())
          throw invalidInput([
            { path: "expires_at", message: "Is in the past: send a later time, or leave it out" },
          ]);
        const id = await alerts.post(tx, { text, severity, expiresAt });
        if (id === null) throw invalidInput([{ path: "text", message: TOO_LONG }]);
        return { status: 200, body: { id } };
      },
    }),
    writeRoute({
      method: "DELETE",
      path: "/api/v1/alerts/{id}",
      scope: "messages:write",
      tag: TAG,
      summary: "Withdraw an alert",
      params: z.strictObject({ id: id() }),
      responses: { 204: { description: "The alert is withdrawn." } },
      problems: { 404: "There is no such alert." },
      handler: async ({ params }, { tx }) => {
        if (!(await alerts.withdraw(tx, params.id))) throw notFound("such alert");
        return { status: 204 };
      },
    }),
  ];
}
