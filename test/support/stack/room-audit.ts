/** Room audits as HealthTrack requests them: one request to begin, another for the report. */
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import { eventually } from "../eventually.ts";

const report = z.object({
  id: z.string(),
  room_ids: z.array(z.string()).nullable(),
  finished_at: z.string().nullable(),
  rooms: z.array(
    z.object({
      room_id: z.string().nullable(),
      kind: z.string().nullable(),
      findings: z.array(z.object({ rule: z.string(), severity: z.string() })),
    }),
  ),
});

/** Starts an audit of the rooms, and waits for its report. */
export async function roomAuditReport(
  api: Parameters<typeof mustCallApi>[0],
  asked: { readonly room_ids?: readonly string[]; readonly repair?: boolean } = {},
): Promise<z.output<typeof report>> {
  const { id } = z
    .object({ id: z.string() })
    .parse(await mustCallApi(api, "POST", "/api/v1/audit/rooms", asked));
  return eventually(
    "the rooms to be looked at",
    async () => {
      const answer = report.parse(await mustCallApi(api, "GET", `/api/v1/audit/rooms?id=${id}`));
      return answer.finished_at !== null && answer;
    },
    60_000,
  );
}
