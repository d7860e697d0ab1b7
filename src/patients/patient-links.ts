import { createHash, randomBytes } from "node:crypto";
import type { MatrixEvent } from "../messages/event.ts";
import type { ConversationId } from "../policy/model.ts";
import type { Queryable } from "../store/database.ts";
import { standingPatientOf } from "./merged-patients.ts";

/** How long a link to a patient works: as long as someone may scroll back in a conversation. */
const VALID_DAYS = 30;

/** A link that opens a patient's record. It is opaque, so the address reveals nothing about the patient. */
export interface PatientLink {
  readonly patientId: string;
  /** What it is about, such as an arrival's id. */
  readonly about: string | null;
  /** The conversation that it is written in: only its members open it on their desktops. Null: it is in a notice. */
  readonly conversation: ConversationId | null;
  readonly token: string;
}

/** Makes a link. It works once `savePatientLinks` has been committed. */
export const newPatientLink = (
  patientId: string,
  { about = null, conversation = null }: Partial<Pick<PatientLink, "about" | "conversation">> = {},
): PatientLink => ({
  patientId,
  about,
  conversation,
  token: randomBytes(24).toString("base64url"),
});

export const patientUrl = (publicUrl: string, { token }: PatientLink): string =>
  `${publicUrl}/open/patient/${token}`;

/** A link's token in text: 24 bytes in base64url. */
const TOKEN_IN_TEXT = /\/open\/patient\/([A-Za-z0-9_-]{32})/g;
/** More links in one message are not looked at: people paste whole conversations. */
const MOST_LINKS = 20;

/** The tokens of the links that a message's content carries: put there by Whisper, copied, or kept in a correction. */
export function linkTokensIn({ body, formatted_body: html }: MatrixEvent["content"]): readonly string[] {
  const tokens = [body, html].flatMap((text) =>
    typeof text === "string" ? [...text.matchAll(TOKEN_IN_TEXT)].map(([, token = ""]) => token) : [],
  );
  return [...new Set(tokens)].slice(0, MOST_LINKS);
}

/** The ids of the patients that links with these tokens were made for. */
export async function patientsOfLinks(db: Queryable, tokens: readonly string[]): Promise<readonly string[]> {
  if (tokens.length === 0) return [];
  const found = await db.query<{ patient_id: string }>(
    "SELECT DISTINCT patient_id FROM patient_links WHERE digest = ANY($1)",
    [tokens.map(digestOf)],
  );
  return found.rows.map((row) => row.patient_id);
}

/** Stores links by digest: nobody who reads the table can follow them. */
export async function savePatientLinks(db: Queryable, links: readonly PatientLink[]): Promise<void> {
  if (links.length === 0) return;
  await db.query(
    `INSERT INTO patient_links (digest, patient_id, about, conversation_id, expires_at)
     SELECT decode(digest, 'hex'), patient_id, about, conversation_id, now() + $2 * interval '1 day'
     FROM json_to_recordset($1) AS l(digest text, patient_id text, about text, conversation_id text)`,
    [
      JSON.stringify(
        links.map(({ token, patientId, about, conversation }) => ({
          digest: digestOf(token).toString("hex"),
          patient_id: patientId,
          about,
          conversation_id: conversation,
        })),
      ),
      VALID_DAYS,
    ],
  );
}

/** The patient behind a token, by the id of the record that stands now; `expired`: it was valid and no longer is. */
export async function openPatientLink(
  db: Queryable,
  token: string,
): Promise<Pick<PatientLink, "patientId" | "conversation"> | "expired" | "unknown"> {
  const found = await db.query<{
    patient_id: string;
    conversation_id: ConversationId | null;
    expired: boolean;
  }>(
    `SELECT coalesce(${standingPatientOf("l.patient_id")}, l.patient_id) AS patient_id, conversation_id,
            expires_at <= now() AS expired
     FROM patient_links l WHERE digest = $1`,
    [digestOf(token)],
  );
  const [link] = found.rows;
  if (link === undefined) return "unknown";
  return link.expired ? "expired" : { patientId: link.patient_id, conversation: link.conversation_id };
}

/** What the links are about has another patient now: they open that record. Other links of the patient stay. */
export async function redirectPatientLinks(db: Queryable, about: string, patientId: string): Promise<void> {
  await db.query("UPDATE patient_links SET patient_id = $2 WHERE about = $1", [about, patientId]);
}

/** Forgets links a month after they expired: until then, anyone who follows one is told so. */
export async function forgetPatientLinks(db: Queryable): Promise<void> {
  await db.query("DELETE FROM patient_links WHERE expires_at < now() - interval '30 days'");
}

const digestOf = (token: string): Buffer => createHash("sha256").update(token).digest();
