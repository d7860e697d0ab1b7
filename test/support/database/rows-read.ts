/**
 * How many rows PostgreSQL reads for a statement, by its own count: what a statement costs, however busy the machine
 * is.
 */
import type { Queryable } from "../../../src/store/database.ts";

interface PlanNode {
  readonly "Node Type": string;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

export async function rowsRead(db: Queryable, text: string, values?: readonly unknown[]): Promise<number> {
  const explained = await db.query<{ "QUERY PLAN": readonly { readonly Plan: PlanNode }[] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
    values,
  );
  return explained.rows[0]?.["QUERY PLAN"].reduce((sum, { Plan }) => sum + readBy(Plan), 0) ?? 0;
}

function readBy(node: PlanNode): number {
  const own = / Scan$/.test(node["Node Type"])
    ? ((node["Actual Rows"] ?? 0) + (node["Rows Removed by Filter"] ?? 0)) * (node["Actual Loops"] ?? 1)
    : 0;
  return (node.Plans ?? []).reduce((sum, each) => sum + readBy(each), own);
}

/** Passes statements on, and adds up the rows they read. */
export function countingRows(db: Queryable): Queryable & { rows: number } {
  const counting: Queryable & { rows: number } = {
    rows: 0,
    async query(text, values) {
      counting.rows += await rowsRead(db, text, values);
      return db.query(text, values);
    },
  };
  return counting;
}
