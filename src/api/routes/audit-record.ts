import { z } from "zod";
import { UnreadableAnchor } from "../../record/anchor.ts";
import { BREAKS, type Verdict } from "../../record/verdict.ts";
import { Problem } from "../kernel/problem.ts";
import { type Route, route } from "../kernel/route.ts";

export interface RecordRouteDependencies {
  /** Checks the record, with the anchor if the practice keeps one. @throws UnreadableAnchor */
  readonly verifyRecord: () => Promise<Verdict>;
}

const verdictSchema = z
  .strictObject({
    ok: z.boolean(),
    entries: z.int().describe("entries that were checked, up to the first broken one"),
    first_broken: z
      .strictObject({
        problem: z
          .enum(BREAKS)
          .describe(
            "`changed`: not as it was recorded, `deleted`: gone, `inserted`: put in without Whisper, `cut`: gone with everything after it, `replaced`: the record up to it is not what was signed, `forged`: its checkpoint was not signed by the practice's key, `unsigned`: checkpoints are missing from here on",
          ),
        seq: z.int().nullable().describe("its place in the record; null: it has none"),
        ref: z.string().nullable().describe("what it is about, such as an event id; null: unknown"),
      })
      .optional()
      .describe("left out: the record is whole"),
  })
  .meta({ id: "RecordVerdict" });

/** The record of everything that happened. */
export function auditRecordRoutes({ verifyRecord }: RecordRouteDependencies): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/audit/verify",
      scope: "audit:read",
      tag: "Audit",
      summary: "Check that the record is whole",
      description:
        "Checks every entry and every signed checkpoint, also those in the file that `audit.anchor` names. A large record takes a while: allow about a minute for a few million entries. `whisper audit verify` does the same without a running Whisper.",
      responses: {
        200: {
          description: "The result.",
          body: verdictSchema,
          example: {
            ok: false,
            entries: 4711,
            first_broken: {
              problem: "changed",
              seq: 4712,
              ref: "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg",
            },
          },
        },
      },
      handler: async () => ({ status: 200, body: shown(await verdictOf(verifyRecord)) }),
    }),
  ];
}

async function verdictOf(verifyRecord: () => Promise<Verdict>): Promise<Verdict> {
  try {
    return await verifyRecord();
  } catch (error) {
    if (error instanceof UnreadableAnchor) throw new Problem("unavailable", error.message);
    throw error;
  }
}

const shown = ({ entries, firstBroken }: Verdict) => ({
  ok: firstBroken === null,
  entries,
  ...(firstBroken !== null && { first_broken: firstBroken }),
});
