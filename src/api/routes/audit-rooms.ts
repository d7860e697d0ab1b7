import { z } from "zod";
import { type RoomAuditResult, requestRoomAudit, roomAuditResult } from "../../audit/rooms/room-audits.ts";
import { orLeftOut, orStanding } from "../../directory/input/left-out.ts";
import { filled } from "../../directory/input/text-schema.ts";
import { CONVERSATION_KINDS, type RoomId } from "../../policy/model.ts";
import { FINDING_RULES, SEVERITIES } from "../../policy/rooms/findings.ts";
import { happening } from "../../record/acting.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";
import { recordOf } from "../kernel/actor.ts";
import { momentOut } from "../kernel/fields.ts";
import { mustHaveScope } from "../kernel/key-ring.ts";
import { notFound } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";

const TAG = "Audit";

const reportSchema = z
  .strictObject({
    room_id: z
      .string()
      .nullable()
      .describe("null: the conversation should have a room, and has none, or it is about an account"),
    conversation: z
      .string()
      .nullable()
      .describe("null: no conversation knows the room, or it is about an account"),
    kind: z.enum(CONVERSATION_KINDS).nullable().describe("null: closed, unknown, or an account"),
    findings: z.array(
      z.strictObject({
        rule: z.enum(FINDING_RULES),
        expected: z.string(),
        actual: z.string(),
        severity: z.enum(SEVERITIES),
      }),
    ),
  })
  .meta({ id: "RoomReport" });

const roomId = filled(255);

const resultSchema = z.strictObject({
  id: z.string().nullable().describe("null: no audit has finished yet"),
  room_ids: z.array(z.string()).nullable().describe("null: every room"),
  repair: z.boolean().describe("whether differing rooms were repaired"),
  started_at: momentOut().nullable(),
  finished_at: momentOut().nullable().describe("null while it is waiting or running"),
  rooms: z.array(reportSchema).describe("the rooms that differ"),
});

export interface RoomAuditRouteDependencies {
  readonly database: Database;
  readonly record: Recorder;
}

/** The room audit: reports rooms that are not as they should be, and repairs them on request. */
export function auditRoomRoutes({ database, record }: RoomAuditRouteDependencies): Route[] {
  return [
    writeRoute({
      method: "POST",
      path: "/api/v1/audit/rooms",
      scope: "audit:read",
      tag: TAG,
      summary: "Check that rooms are as they should be",
      description:
        "Reads every room from the homeserver, or only the named ones, so it takes a while. `GET` returns the report. A request repeated before the audit has begun gets the same audit. `repair` also needs the scope `audit:write`.",
      body: z.strictObject({
        room_ids: orLeftOut(z.array(roomId).min(1).max(10_000)).describe(
          "only these; if left out, every room",
        ),
        repair: orStanding(z.boolean(), false).describe("repair the rooms that differ"),
      }),
      bodyExample: { room_ids: ["!abc:practice.example"], repair: true },
      responses: {
        202: {
          description: "The audit is queued.",
          body: z.strictObject({ id: z.string().describe("identifies the report") }),
          example: { id: "5f0c2f0e-3f43-4f53-9a58-7a4f0f7f2a11" },
        },
      },
      handler: async ({ body }, { tx, caller }) => {
        if (body.repair && caller !== null) mustHaveScope(caller, "audit:write");
        const roomIds = body.room_ids === undefined ? null : [...new Set(body.room_ids as RoomId[])].sort();
        const id = await requestRoomAudit(tx, { roomIds, repair: body.repair });
        if (body.repair)
          await recordOf(record, caller).write(tx, [
            happening("repair", `room-audit:${id}`, { rooms: roomIds }),
          ]);
        return { status: 202, body: { id } };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/audit/rooms",
      scope: "audit:read",
      tag: TAG,
      summary: "Get the latest room audit",
      description:
        "Lists only rooms that are not as they should be. An audit of every room runs each night, so there is a report even if you have not requested one. Reports are kept for seven days.",
      query: z.strictObject({
        id: filled(255).optional().describe("this audit's report, even if it is not finished"),
      }),
      responses: {
        200: {
          description: "The report.",
          body: resultSchema,
          example: {
            id: "5f0c2f0e-3f43-4f53-9a58-7a4f0f7f2a11",
            room_ids: null,
            repair: false,
            started_at: "2026-03-02T16:41:00.000Z",
            finished_at: "2026-03-02T16:41:09.000Z",
            rooms: [
              {
                room_id: "!abc:practice.example",
                conversation: "0b9c2a5e-6f0e-4a38-9b0e-3f6a2f2b7c11",
                kind: "group",
                findings: [{ rule: "name", expected: "Doctors", actual: "Party", severity: "warning" }],
              },
            ],
          },
        },
      },
      problems: { 404: "There is no such audit." },
      handler: async ({ query }) => {
        const result = await roomAuditResult(database, query.id ?? null);
        if (result === null && query.id !== undefined) throw notFound("such audit");
        return { status: 200, body: result === null ? NONE : shown(result) };
      },
    }),
  ];
}

const NONE: z.input<typeof resultSchema> = {
  id: null,
  room_ids: null,
  repair: false,
  started_at: null,
  finished_at: null,
  rooms: [],
};

const shown = ({ started_at, finished_at, room_ids, rooms, ...rest }: RoomAuditResult) => ({
  ...rest,
  room_ids: room_ids === null ? null : [...room_ids],
  started_at: started_at?.toISOString() ?? null,
  finished_at: finished_at?.toISOString() ?? null,
  rooms: rooms.map((room) => ({ ...room, findings: [...room.findings] })),
});
