import { z } from "zod";
import { ALERT_SEVERITIES, postAlert, withdrawAlert } from "../../conversations/alerts.ts";
import { code, orStanding } from "../../directory/input/left-out.ts";
import { filledText } from "../../directory/input/text-schema.ts";
import { id, optionalMoment } from "../kernel/fields.ts";
import { invalidInput, notFound } from "../kernel/problem.ts";
import { type Route, writeRoute } from "../kernel/route.ts";

const TAG = "Alerts";
const LONGEST = 10_000;
const TOO_LONG =
  "Is too long for one message, where quotation marks, line breaks and similar take several characters: shorten it";

/** Alerts to everyone at the practice. */
export function alertRoutes(): Route[] {
  return [
    writeRoute({
      method: "POST",
      path: "/api/v1/alerts",
      scope: "messages:write",
      tag: TAG,
      summary: "Post an alert to everyone",
      body: z.strictObject({
        text: filledText(LONGEST),
        severity: orStanding(code(ALERT_SEVERITIES), "info"),
        expires_at: optionalMoment().describe(
          "when it disappears, not in the past; if left out, it stays until withdrawn",
        ),
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
        const id = await postAlert(tx, { text, severity, expiresAt });
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
        if (!(await withdrawAlert(tx, params.id))) throw notFound("such alert");
        return { status: 204 };
      },
    }),
  ];
}
