import type { Queryable, Transaction } from "../../store/database.ts";

export async function hasOptedOut(db: Queryable, number: string): Promise<boolean> {
  return (await db.query("SELECT FROM sms_opt_outs WHERE number = $1", [number])).rowCount === 1;
}

/** False: they had said so before. */
export async function optOut(tx: Transaction, number: string): Promise<boolean> {
  const out = await tx.query("INSERT INTO sms_opt_outs (number) VALUES ($1) ON CONFLICT DO NOTHING", [
    number,
  ]);
  return out.rowCount === 1;
}

/** False: they had not opted out. */
export async function optIn(tx: Transaction, number: string): Promise<boolean> {
  return (await tx.query("DELETE FROM sms_opt_outs WHERE number = $1", [number])).rowCount === 1;
}
