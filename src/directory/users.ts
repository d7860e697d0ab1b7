import type { PracticeSettings, SecurityGroupId, Username } from "../policy/model.ts";
import { cannotBeUsername } from "../policy/names/names.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { type DirectoryChanges, recordDirectoryChange } from "./directory-change.ts";
import { type DirectoryRefusal, invalidDirectory } from "./input/input-error.ts";
import { sameUser } from "./input/plan.ts";
import type { SentUser } from "./input/schema.ts";
import { lockDirectory, USER_COLUMNS, writeUsers } from "./store.ts";
import { storedUsername } from "./stored-names.ts";

/** The directory's users, one at a time. */

export async function readUser(db: Queryable, username: Username): Promise<SentUser | null> {
  const { rows } = await db.query<SentUser>(`SELECT ${USER_COLUMNS} FROM users WHERE username = $1`, [
    username,
  ]);
  return rows[0] ?? null;
}

/** SQL for the user with a name, in its column `username`; no row: there is none. `username` is an SQL expression. */
export const userNamed = (username: string): string =>
  `SELECT username FROM users WHERE username = ${username}`;

export interface UserSearch {
  /** Part of a user name or a name, in any case; none: everyone. */
  readonly query?: string | undefined;
  /** The page starts after this user name. */
  readonly after: string | null;
  readonly limit: number;
}

/** Users, including inactive ones, by user name. Returns one more than `limit` if there are more. */
export async function searchUsers(db: Queryable, search: UserSearch): Promise<SentUser[]> {
  const { rows } = await db.query<SentUser>(
    `SELECT ${USER_COLUMNS} FROM users
     WHERE ($1::text IS NULL OR username COLLATE "C" > $1)
       AND ($2::text IS NULL OR strpos(lower(username), lower($2)) > 0 OR strpos(lower(name), lower($2)) > 0)
     ORDER BY username COLLATE "C" LIMIT $3`,
    [search.after, search.query ?? null, search.limit + 1],
  );
  return rows;
}

/** Adds a user or updates them to what was sent. Another spelling of a known user name is the same person. */
export async function putUser(
  tx: Transaction,
  settings: PracticeSettings,
  changes: DirectoryChanges,
  sent: SentUser,
): Promise<SentUser | DirectoryRefusal> {
  await lockDirectory(tx);
  const username = (await storedUsername(tx, sent.username)) ?? sent.username;
  const user = { ...sent, username };
  const known = await readUser(tx, username);
  const unfit = known ? null : cannotBeUsername(settings, username);
  if (unfit !== null) return invalidDirectory([{ path: "username", message: unfit }]);
  const same = known !== null && sameUser(known, user);
  if (!same) await writeUsers(tx, [user]);
  const joined = await joinEveryone(tx, user.username);
  await recordDirectoryChange(tx, changes, {
    usernames: same && joined.length === 0 ? [] : [user.username],
    groups: [],
    members: joined,
  });
  return same ? known : user;
}

/** Deactivates a user. The row stays, for the record and for their return. */
export async function deactivateUser(
  tx: Transaction,
  changes: DirectoryChanges,
  username: Username,
): Promise<SentUser | DirectoryRefusal> {
  await lockDirectory(tx);
  const known = await readUser(tx, username);
  if (!known) return { refused: "unknown" };
  if (!known.active) return known;
  await writeUsers(tx, [{ ...known, active: false }]);
  await recordDirectoryChange(tx, changes, { usernames: [username], groups: [] });
  return { ...known, active: false };
}

/** Adds the user to the groups that everyone is in. Returns those they were not in before. */
async function joinEveryone(tx: Transaction, username: Username): Promise<SecurityGroupId[]> {
  const { rows } = await tx.query<{ group_id: SecurityGroupId }>(
    `INSERT INTO security_group_members (group_id, username)
     SELECT id, $1 FROM security_groups WHERE everyone ON CONFLICT DO NOTHING RETURNING group_id`,
    [username],
  );
  return rows.map((row) => row.group_id);
}
