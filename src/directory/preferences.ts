import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { PATIENT_ARRIVED_ALERTS, type PatientArrivedAlerts, type Username } from "../policy/model.ts";
import { type AlertRoles, mayChooseAlerts, rolesFor } from "../policy/people/alert-roles.ts";
import { happening } from "../record/acting.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { announceChange, type DirectoryChanges } from "./directory-change.ts";
import type { DirectoryRefusal } from "./input/input-error.ts";
import { code, orLeftOut } from "./input/left-out.ts";
import { lockDirectory } from "./store.ts";

const alerts = z.enum(PATIENT_ARRIVED_ALERTS);

/** A user's settings as the API shows them. */
export const preferencesSchema = z
  .strictObject({
    open_on_message: z.boolean().describe("the window comes up when a message comes"),
    keep_hidden: z.boolean().describe("no notifications; everything accumulates"),
    never_receive: z.boolean().describe("nobody can write to them individually"),
    open_on_startup: z.boolean().describe("the window comes up when HealthTrack starts"),
    patient_arrived_alerts: alerts.describe(
      "none, of bookings booked to me, at my locations, all; `own` for doctors unless set",
    ),
  })
  .meta({ id: "Preferences" });

const { shape } = preferencesSchema;
const sent = (setting: "open_on_message" | "keep_hidden" | "never_receive" | "open_on_startup") =>
  orLeftOut(shape[setting]);

/** The settings to change. Null restores the default of `patient_arrived_alerts`. */
export const preferencesPatchSchema = z
  .strictObject({
    open_on_message: sent("open_on_message"),
    keep_hidden: sent("keep_hidden"),
    never_receive: sent("never_receive"),
    open_on_startup: sent("open_on_startup"),
    patient_arrived_alerts: code(PATIENT_ARRIVED_ALERTS).nullish(),
  })
  .meta({ id: "PreferencesPatch" });

export type ShownPreferences = z.output<typeof preferencesSchema>;
export type PreferencesPatch = Partial<z.output<typeof preferencesPatchSchema>>;

interface Row {
  open_on_message: boolean;
  keep_hidden: boolean;
  never_receive: boolean;
  open_on_startup: boolean;
  patient_arrived_alerts: PatientArrivedAlerts | null;
  doctor: boolean;
  role: string | null;
}

/** Null: there is no such user. */
export async function readPreferences(
  db: Queryable,
  username: Username,
  roles: AlertRoles,
): Promise<ShownPreferences | null> {
  const row = await readRow(db, username);
  return row && shown(row, roles);
}

/** Sets what the patch names and leaves the rest. */
export async function changePreferences(
  tx: Transaction,
  changes: DirectoryChanges,
  username: Username,
  patch: PreferencesPatch,
  roles: AlertRoles,
): Promise<ShownPreferences | DirectoryRefusal> {
  await lockDirectory(tx);
  const before = await readRow(tx, username);
  if (!before) return { refused: "unknown" };
  const alerts = patch.patient_arrived_alerts ?? null;
  if (alerts !== null && !mayChooseAlerts(before.role, alerts, roles)) {
    return { refused: "alerts-not-for-role", alerts, roles: rolesFor(alerts, roles) ?? [] };
  }
  const after: Row = {
    open_on_message: patch.open_on_message ?? before.open_on_message,
    keep_hidden: patch.keep_hidden ?? before.keep_hidden,
    never_receive: patch.never_receive ?? before.never_receive,
    open_on_startup: patch.open_on_startup ?? before.open_on_startup,
    patient_arrived_alerts:
      patch.patient_arrived_alerts === undefined
        ? before.patient_arrived_alerts
        : patch.patient_arrived_alerts,
    doctor: before.doctor,
    role: before.role,
  };
  if (isDeepStrictEqual(after, { ...before })) return shown(before, roles);
  await tx.query(
    `INSERT INTO preferences (username, open_on_message, keep_hidden, never_receive, open_on_startup,
       patient_arrived_alerts) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (username) DO UPDATE SET open_on_message = excluded.open_on_message,
       keep_hidden = excluded.keep_hidden, never_receive = excluded.never_receive,
       open_on_startup = excluded.open_on_startup, patient_arrived_alerts = excluded.patient_arrived_alerts`,
    [
      username,
      after.open_on_message,
      after.keep_hidden,
      after.never_receive,
      after.open_on_startup,
      after.patient_arrived_alerts,
    ],
  );
  await announceChange(tx, changes, { usernames: [username], groups: [] });
  const body = { before: shown(before, roles), after: shown(after, roles) };
  await changes.record.write(tx, [happening("preference", `user:${username}`, body)]);
  return shown(after, roles);
}

async function readRow(db: Queryable, username: Username): Promise<Row | null> {
  const { rows } = await db.query<Row>(
    `SELECT coalesce(open_on_message, false) AS open_on_message, coalesce(keep_hidden, false) AS keep_hidden,
       coalesce(never_receive, false) AS never_receive, coalesce(open_on_startup, false) AS open_on_startup,
       patient_arrived_alerts, doctor, role
     FROM users LEFT JOIN preferences USING (username) WHERE username = $1`,
    [username],
  );
  return rows[0] ?? null;
}

/** As they are in effect. */
function shown(
  { doctor, role, patient_arrived_alerts: chosen, ...rest }: Row,
  roles: AlertRoles,
): ShownPreferences {
  const alerts = chosen !== null && mayChooseAlerts(role, chosen, roles) ? chosen : null;
  return { ...rest, patient_arrived_alerts: alerts ?? (doctor ? "own" : "off") };
}
