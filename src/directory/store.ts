import type { SecurityGroupId } from "../policy/model.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import type { DirectoryPlan, StoredDirectory, StoredGroup } from "./input/plan.ts";
import type { SentUser } from "./input/schema.ts";

export const USER_COLUMNS =
  "username, name, role, email, mobile, active, permissions, doctor, doctor_ids, locations";

/** Waits until no other change of the directory is in progress, and blocks the next one until this transaction ends. */
export async function lockDirectory(tx: Transaction): Promise<void> {
  await tx.query("SELECT revision FROM directory_revision FOR UPDATE");
}

/** The directory as stored, in two statements. */
export async function readStoredDirectory(db: Queryable): Promise<StoredDirectory> {
  const users = await db.query<SentUser>(`SELECT ${USER_COLUMNS} FROM users`);
  return {
    users: new Map(users.rows.map((user) => [user.username, user])),
    groups: await readStoredGroups(db),
  };
}

/** All of them, or those with these ids. */
export async function readStoredGroups(
  db: Queryable,
  ids?: readonly SecurityGroupId[],
): Promise<ReadonlyMap<SecurityGroupId, StoredGroup>> {
  // As json, since node-postgres parses arrays of text many times slower than JSON.parse does.
  const { rows } = await db.query<StoredGroup>(
    `SELECT id, name, permissions, everyone, coalesce(members, '[]') AS members
     FROM security_groups LEFT JOIN (
       SELECT group_id, json_agg(username) AS members FROM security_group_members
       ${ids === undefined ? "" : "WHERE group_id = ANY($1)"} GROUP BY group_id
     ) AS of_group ON group_id = id ${ids === undefined ? "" : "WHERE id = ANY($1)"}`,
    ids === undefined ? undefined : [ids],
  );
  return new Map(rows.map((group) => [group.id, group]));
}

/** Writes what the plan says, in at most five statements, whatever its size. */
export async function writePlan(tx: Transaction, plan: DirectoryPlan): Promise<void> {
  await writeUsers(tx, [...plan.users.created, ...plan.users.updated, ...plan.users.deactivated]);
  await writeGroups(tx, plan.groups.written);
  await deleteGroups(tx, plan.groups.deleted);
  if (plan.left.length > 0) {
    await tx.query(
      `DELETE FROM security_group_members AS known
       USING json_to_recordset($1) AS gone(group_id text, username text)
       WHERE known.group_id = gone.group_id AND known.username = gone.username`,
      [JSON.stringify(plan.left)],
    );
  }
  if (plan.joined.length > 0) {
    await tx.query(
      `INSERT INTO security_group_members (group_id, username)
       SELECT group_id, username FROM json_to_recordset($1) AS new(group_id text, username text)
       ON CONFLICT DO NOTHING`,
      [JSON.stringify(plan.joined)],
    );
  }
}

export async function writeUsers(tx: Transaction, users: readonly SentUser[]): Promise<void> {
  if (users.length === 0) return;
  await tx.query(
    `INSERT INTO users (${USER_COLUMNS})
     SELECT ${USER_COLUMNS} FROM json_to_recordset($1) AS sent(username text, name text, role text, email text,
       mobile text, active boolean, permissions text[], doctor boolean, doctor_ids text[], locations text[])
     ON CONFLICT (username) DO UPDATE SET name = excluded.name, role = excluded.role, email = excluded.email,
       mobile = excluded.mobile, active = excluded.active, permissions = excluded.permissions,
       doctor = excluded.doctor, doctor_ids = excluded.doctor_ids, locations = excluded.locations`,
    [JSON.stringify(users)],
  );
}

export async function writeGroups(tx: Transaction, groups: readonly StoredGroup[]): Promise<void> {
  if (groups.length === 0) return;
  await tx.query(
    `INSERT INTO security_groups (id, name, permissions, everyone)
     SELECT id, name, permissions, everyone
     FROM json_to_recordset($1) AS sent(id text, name text, permissions text[], everyone boolean)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, permissions = excluded.permissions,
       everyone = excluded.everyone`,
    [JSON.stringify(groups.map(({ members: _, ...group }) => group))],
  );
}

export async function deleteGroups(tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.query("DELETE FROM security_groups WHERE id = ANY($1)", [ids]);
}
