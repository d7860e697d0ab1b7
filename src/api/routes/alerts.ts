import { z } from "zod";
import { type AlertState, alertStatus } from "../../conversations/alert-status.ts";
import { ALERT_SEVERITIES, postAlert, withdrawAlert } from "../../conversations/alerts.ts";
import { code, orStanding } from "../../directory/input/left-out.ts";
import { filledText } from "../../directory/input/text-schema.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings } from "../../policy/model.ts";
import { happening } from "../../record/acting.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";
import { recordOf } from "../kernel/actor.ts";
import { id, optionalMoment } from "../kernel/fields.ts";
import { invalidInput, notFound } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";

const TAG = "Alerts";
const LONGEST = 10_000;
const TOO_LONG =
  "Is too long for one message, where quotation marks, line breaks and similar take several characters: shorten it";

export interface AlertRouteDependencies {
  readonly database: Database;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly record: Recorder;
}

const STATES = ["waiting", "shown", "expired", "withdrawn"] as const satisfies readonly AlertState[];

const status = z.strictObject({
  id: z.string(),
  text: z.string(),
  severity: z.enum(ALERT_SEVERITIES),
  state: z.enum(STATES).describe("`waiting`: it is being posted"),
  posted_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  withdrawn_at: z.iso.datetime().nullable(),
  seen_by: z.array(z.string()).describe("user names, by their read receipts"),
  not_seen_by: z.array(z.string()).describe("user names; whoever came later is in neither list"),
});

/** Alerts to everyone at the practice. */
export function alertRoutes({ database, directory, settings, record }: AlertRouteDependencies): Route[] {
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
      handler: async ({ body }, { tx, caller }) => {
        const { text, severity, expires_at: expiresAt = null } = body;
        if (expiresAt !== null && expiresAt.getTime() <= Date.now())
          throw invalidInput([
            { path: "expires_at", message: "Is in the past: send a later time, or leave it out" },
          ]);
        const id = await postAlert(tx, { text, severity, expiresAt });
        if (id === null) throw invalidInput([{ path: "text", message: TOO_LONG }]);
        await recordOf(record, caller).write(tx, [happening("alert", `alert:${id}`, { posted: body })]);
        return { status: 200, body: { id } };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/alerts/{id}",
      scope: "messages:write",
      tag: TAG,
      summary: "Show an alert, and who has seen it",
      params: z.strictObject({ id: id() }),
      responses: {
        200: {
          description: "The alert as it is now.",
          body: status,
          example: {
            id: "17",
            text: "The phones are down until 11.",
            severity: "warning",
            state: "shown",
            posted_at: "2026-03-01T23:24:10.000Z",
            expires_at: null,
            withdrawn_at: null,
            seen_by: ["dr.jones"],
            not_seen_by: ["mia.chen"],
          },
        },
      },
      problems: { 404: "There is no such alert." },
      handler: async ({ params }) => {
        const found = await alertStatus(
          database,
          { directory: await directory.fresh(), settings },
          params.id,
        );
        if (found === null) throw notFound("such alert");
        return {
          status: 200,
          body: {
            id: found.id,
            text: found.text,
            severity: found.severity,
            state: found.state,
            posted_at: found.postedAt.toISOString(),
            expires_at: found.expiresAt?.toISOString() ?? null,
            withdrawn_at: found.withdrawnAt?.toISOString() ?? null,
            seen_by: found.seenBy,
            not_seen_by: found.notSeenBy,
          },
        };
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
      handler: async ({ params }, { tx, caller }) => {
        if (!(await withdrawAlert(tx, params.id))) throw notFound("such alert");
        const withdrawn = happening("alert", `alert:${params.id}`, { withdrawn: true });
        await recordOf(record, caller).write(tx, [withdrawn]);
        return { status: 204 };
      },
    }),
  ];
}
