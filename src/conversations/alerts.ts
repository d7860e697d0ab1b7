import { escapeHtml, HTML_FORMAT } from "../messages/html/html.ts";
import { enqueueSends } from "../messages/outbox.ts";
import { fitsInEvent } from "../messages/size.ts";
import * as words from "../messages/words.ts";
import { type Database, onlyRow, type Transaction } from "../store/database.ts";
import { addJob } from "../store/jobs.ts";
import { alertsConversation } from "./record/keys.ts";
import { checkRoom } from "./record/queue-checks.ts";
import { ensureConversation } from "./record/store.ts";

export const ALERT_SEVERITIES = ["info", "warning", "critical"] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

export interface NewAlert {
  readonly text: string;
  readonly severity: AlertSeverity;
  /** When it is withdrawn automatically; null: it stays until someone withdraws it. */
  readonly expiresAt: Date | null;
}

/** In the content of an alert's message, for clients that know Whisper. */
export const ALERT_KEY = "au.healthtrack.whisper.alert";

/**
 * Posts an alert to everyone at the practice (docs/product-text.md#s5).
 * @returns the alert's id. Null: the text is too long for one message, and nothing was posted.
 */
export async function postAlert(tx: Transaction, alert: NewAlert): Promise<string | null> {
  if (!fitsInEvent(contentOf("9".repeat(19), alert))) return null;
  const { id } = onlyRow(
    await tx.query<{ id: string }>(
      "INSERT INTO alerts (text, severity, expires_at) VALUES ($1, $2, $3) RETURNING id",
      [alert.text, alert.severity, alert.expiresAt],
    ),
  );
  await enqueueSends(tx, [
    {
      ref: refOf(id),
      conversation: await alertsRoom(tx),
      purpose: { is: "sentence" },
      type: "m.room.message",
      content: contentOf(id, alert),
    },
  ]);
  if (alert.expiresAt !== null) {
    await addJob(tx, "alert_expiry", { alert_id: id }, { key: expiryKey(id), runAt: alert.expiresAt });
  }
  return id;
}

/** @returns false: there is no such alert. Withdrawing twice has no further effect. */
export async function withdrawAlert(tx: Transaction, id: string): Promise<boolean> {
  if (!/^\d{1,18}$/.test(id)) return false;
  const known = await tx.query<{ first: boolean }>(
    `UPDATE alerts SET withdrawn_at = coalesce(alerts.withdrawn_at, now())
     FROM (SELECT id, withdrawn_at IS NULL AS first FROM alerts WHERE id = $1 FOR UPDATE) AS before
     WHERE alerts.id = before.id RETURNING before.first`,
    [id],
  );
  const [row] = known.rows;
  if (row?.first) {
    const conversation = await alertsRoom(tx);
    await enqueueSends(tx, [
      {
        ref: `${refOf(id)}:withdrawn`,
        conversation,
        purpose: { is: "removal" },
        type: "m.room.redaction",
        content: {},
        target: { ref: refOf(id) },
      },
    ]);
  }
  return row !== undefined;
}

/** The job `alert_expiry`: an alert's time is over. */
export async function expireAlert(database: Database, id: string): Promise<void> {
  await database.transaction((tx) => withdrawAlert(tx, id));
}

async function alertsRoom(tx: Transaction) {
  const { conversation, roomId } = await ensureConversation(tx, alertsConversation);
  if (roomId === null) await checkRoom(tx, conversation.id);
  return conversation.id;
}

const refOf = (id: string): string => `alert:${id}`;
const expiryKey = (id: string): string => `alert_expiry:${id}`;

/** Text and not a notice, since clients keep notices quiet. A critical alert mentions everyone (`@room`). */
function contentOf(id: string, { text, severity }: NewAlert): Readonly<Record<string, unknown>> {
  const { sign, title } = words.alertSeverity[severity];
  const html = escapeHtml(text).replaceAll("\n", "<br>");
  return {
    msgtype: "m.text",
    body: title === null ? `${sign} ${text}` : `${sign} ${title}: ${text}`,
    format: HTML_FORMAT,
    formatted_body:
      title === null ? `${sign} ${html}` : `${sign} <strong>${escapeHtml(title)}</strong><br>${html}`,
    "m.mentions": severity === "critical" ? { room: true } : {},
    [ALERT_KEY]: { id, severity },
  };
}
