import type { EventHandler } from "../messages/event.ts";
import { storedEvent } from "../messages/inbox-queries.ts";
import type { Directory, PracticeSettings, Username } from "../policy/model.ts";
import { usernameOf } from "../policy/names/names.ts";
import type { Queryable } from "../store/database.ts";
import { ALERT_KEY, type AlertSeverity } from "./alerts.ts";
import { readersOf } from "./list/readers.ts";
import { alertsConversation } from "./record/keys.ts";

/** `waiting`: its message is not in the room yet. */
export type AlertState = "waiting" | "shown" | "expired" | "withdrawn";

/** An alert, and who has seen it. */
export interface AlertStatus {
  readonly id: string;
  readonly text: string;
  readonly severity: AlertSeverity;
  readonly state: AlertState;
  readonly postedAt: Date;
  readonly expiresAt: Date | null;
  readonly withdrawnAt: Date | null;
  /** By user name, in order. Whoever came to the practice later is in neither list. */
  readonly seenBy: readonly Username[];
  readonly notSeenBy: readonly Username[];
}

/** Notes where the message of an alert is, once Synapse tells of it. */
export const alertEvents = (settings: PracticeSettings): EventHandler => ({
  name: "alerts",
  async handle(tx, event) {
    if (event.sender !== settings.bot || event.type !== "m.room.message") return;
    const alert = event.content[ALERT_KEY];
    const id: unknown = typeof alert === "object" && alert !== null && "id" in alert ? alert.id : undefined;
    if (typeof id !== "string" || !ALERT_ID.test(id)) return;
    await tx.query(
      `UPDATE alerts SET position = event.position FROM (${storedEvent("$2")}) AS event
       WHERE alerts.id = $1 AND alerts.position IS NULL`,
      [id, event.event_id],
    );
  },
});

const ALERT_ID = /^\d{1,18}$/;

interface AlertRow extends Record<string, unknown> {
  readonly id: string;
  readonly text: string;
  readonly severity: AlertSeverity;
  readonly posted_at: Date;
  readonly expires_at: Date | null;
  readonly withdrawn_at: Date | null;
  readonly position: string | null;
}

const COLUMNS = "id, text, severity, posted_at, expires_at, withdrawn_at, position";

/** Whose user ids are whose. */
export interface AlertReaders {
  readonly directory: Directory;
  readonly settings: PracticeSettings;
}

/** Null: there is no such alert. */
export async function alertStatus(
  db: Queryable,
  staff: AlertReaders,
  id: string,
): Promise<AlertStatus | null> {
  if (!ALERT_ID.test(id)) return null;
  const { rows } = await db.query<AlertRow>(`SELECT ${COLUMNS} FROM alerts WHERE id = $1`, [id]);
  const [status] = await statusesOf(db, staff, rows);
  return status ?? null;
}

/** The alerts that are shown or about to be, newest first. */
export async function currentAlerts(
  db: Queryable,
  staff: AlertReaders,
  most: number,
): Promise<readonly AlertStatus[]> {
  const { rows } = await db.query<AlertRow>(
    `SELECT ${COLUMNS} FROM alerts WHERE withdrawn_at IS NULL ORDER BY id DESC LIMIT $1`,
    [most],
  );
  return statusesOf(db, staff, rows);
}

async function statusesOf(
  db: Queryable,
  { directory, settings }: AlertReaders,
  rows: readonly AlertRow[],
): Promise<readonly AlertStatus[]> {
  if (rows.length === 0) return [];
  const people = (await readersOf(db, alertsConversation.naturalKey)).flatMap((reader) => {
    const username = usernameOf(settings, reader.user, directory);
    return username === null || !directory.users.has(username) ? [] : [{ ...reader, username }];
  });
  return rows.map((row) => {
    const position = row.position === null ? null : BigInt(row.position);
    const those = (isSeen: boolean) =>
      people
        .filter(({ since, readTo }) => position !== null && since < position && readTo >= position === isSeen)
        .map(({ username }) => username)
        .toSorted();
    return {
      id: row.id,
      text: row.text,
      severity: row.severity,
      state: stateOf(row),
      postedAt: row.posted_at,
      expiresAt: row.expires_at,
      withdrawnAt: row.withdrawn_at,
      seenBy: those(true),
      notSeenBy: those(false),
    };
  });
}

function stateOf({ withdrawn_at, expires_at, position }: AlertRow): AlertState {
  if (withdrawn_at === null) return position === null ? "waiting" : "shown";
  return expires_at !== null && expires_at <= withdrawn_at ? "expired" : "withdrawn";
}
