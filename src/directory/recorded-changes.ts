import type { SecurityGroupId, Username } from "../policy/model.ts";
import { type Happening, happening } from "../record/acting.ts";
import type { Queryable } from "../store/database.ts";
import { USER_COLUMNS } from "./store.ts";

/**
 * A change of the directory, for the record: each user and group that changed, as they are from now on. Who is in which
 * group is with the users, so that one more member of a large group is a small entry.
 */
export async function happeningsOf(
  db: Queryable,
  usernames: readonly Username[],
  groups: readonly SecurityGroupId[],
): Promise<readonly Happening[]> {
  const [users, known] = await Promise.all([
    db.query<{ username: string }>(
      `SELECT ${USER_COLUMNS}, ARRAY(SELECT group_id FROM security_group_members m
         WHERE m.username = users.username ORDER BY group_id) AS security_groups
       FROM users WHERE username = ANY($1)`,
      [usernames],
    ),
    db.query<{ id: string }>("SELECT id, name, permissions FROM security_groups WHERE id = ANY($1)", [
      groups,
    ]),
  ]);
  const groupById = new Map(known.rows.map((group) => [group.id, group]));
  const now = (subject: string, body: Happening["body"]) => happening("permission", subject, body);
  return [
    ...users.rows.map((user) => now(`user:${user.username}`, { user })),
    ...groups.map((id) => now(`group:${id}`, { group: groupById.get(id) ?? { id, deleted: true } })),
  ];
}
