import { z } from "zod";
import { repairRoom } from "../../audit/repair-rooms.ts";
import type { RoomRepair } from "../../audit/room-ports.ts";
import { auditRooms, type RoomAuditParts, type RoomReport } from "../../audit/rooms.ts";
import { type Route, route } from "../route.ts";

export interface RoomAudit extends RoomAuditParts {
  readonly repair: RoomRepair;
}

const TAG = "Audit";
const rules = [
  "membership",
  "forgotten",
  "power_levels",
  "name",
  "topic",
  "join_rule",
  "history_visibility",
  "guest_access",
  "encryption",
  "version",
  "creator",
  "tombstone",
  "marker",
  "service_members",
  "bot",
  "direct",
  "unknown_room",
] as const;

const reportSchema = z
  .strictObject({
    room_id: z.string().nullable().describe("null: the conversation ought to have a room, and has none"),
    conversation: z.string().nullable().describe("null: no conversation knows the room"),
    kind: z
      .enum(["alerts", "arrivals", "individual", "group", "custom", "control", "admin"])
      .nullable()
      .describe("null: closed, or unknown"),
    findings: z.array(
      z.strictObject({
        rule: z.enum(rules),
        expected: z.string(),
        actual: z.string(),
        severity: z.enum(["critical", "warning", "info"]),
      }),
    ),
  })
  .meta({ id: "RoomReport" });

/** The room-state audit: what differs from what ought to be, and having it put right. */
export function auditRoomRoutes({ audit }: { readonly audit: RoomAudit }): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/audit/rooms",
      scope: "audit:read",
      tag: TAG,
      summary: "Compare every room with what it ought to be",
      description:
        "Asks the homeserver for every room, so it takes a while. Rooms that are as they ought to be are left out.",
      responses: {
        200: {
          description: "The rooms that differ",
          body: z.array(reportSchema),
          example: [
            {
              room_id: "!abc:practice.example",
              conversation: "0b9c2a5e-6f0e-4a38-9b0e-3f6a2f2b7c11",
              kind: "group",
              findings: [{ rule: "name", expected: "Doctors", actual: "Party", severity: "warning" }],
            },
          ],
        },
      },
      handler: async () => {
        const body: z.input<typeof reportSchema>[] = [];
        for await (const report of auditRooms(audit)) body.push(shown(report));
        return { status: 200, body };
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/audit/rooms/repair",
      scope: "audit:write",
      tag: TAG,
      summary: "Put rooms right",
      description: "Looks at every room once more and queues the repair of those that differ.",
      body: z.strictObject({
        room_ids: z
          .array(z.string().min(1).max(255))
          .max(10_000)
          .optional()
          .describe("only these; none: all that differ"),
      }),
      bodyExample: { room_ids: ["!abc:practice.example"] },
      responses: {
        200: {
          description: "What is being repaired",
          body: z.array(reportSchema),
        },
      },
      handler: async ({ body }) => {
        const wanted = body.room_ids === undefined ? null : new Set<string | null>(body.room_ids);
        const repaired: z.input<typeof reportSchema>[] = [];
        for await (const report of auditRooms(audit)) {
          if (wanted !== null && !wanted.has(report.roomId)) continue;
          await repairRoom(audit.repair, report);
          repaired.push(shown(report));
        }
        return { status: 200, body: repaired };
      },
    }),
  ];
}

const shown = (report: RoomReport): z.input<typeof reportSchema> => ({
  room_id: report.roomId,
  conversation: report.is === "unknown" ? null : report.conversation,
  kind: report.is === "conversation" ? report.kind : null,
  findings: report.findings.map((finding) => ({ ...finding })),
});
