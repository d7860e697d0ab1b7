import { ADMINISTRATOR_GROUP, PERMISSION, type SecurityGroupId } from "../policy/model.ts";
import { foldName } from "../policy/names/names.ts";
import { sameName } from "../policy/names/spelling.ts";
import { type GroupName, groupCalled, isCalled } from "../policy/people/group-called.ts";
import type { Queryable } from "../store/database.ts";
import { ambiguous, SHIPPED } from "./input/ambiguous-groups.ts";
import type { DirectoryProblem } from "./input/record.ts";
import type { SentUser } from "./input/schema.ts";

/** For a single record: whether the group that it depends on can be told from others of its name, as stored now. */

export async function problemsOfGroup(db: Queryable, group: GroupName): Promise<DirectoryProblem[]> {
  const meant = SHIPPED.find((shipped) => isCalled(group, shipped));
  return meant !== undefined && (await isAmbiguous(db, meant)) ? [ambiguous(meant, "name")] : [];
}

/** WhisperAdmin counts only in HMS-Administrator. While nobody can tell which group that is, it has no effect. */
export async function problemsOfAdmin(
  db: Queryable,
  { active, permissions }: Pick<SentUser, "active" | "permissions">,
  sent: readonly string[],
): Promise<DirectoryProblem[]> {
  if (!active || !permissions.includes(PERMISSION.admin)) return [];
  if (!(await isAmbiguous(db, ADMINISTRATOR_GROUP))) return [];
  const index = sent.findIndex((permission) => sameName(permission, PERMISSION.admin));
  return [ambiguous(ADMINISTRATOR_GROUP, `permissions[${index}]`)];
}

/** The groups HealthTrack has sent that may be this one, by id or by name. Changing one group reads no others. */
export const calledAs = async (db: Queryable, shipped: SecurityGroupId): Promise<GroupName[]> =>
  (
    await db.query<GroupName>(
      "SELECT id, name FROM security_groups WHERE NOT everyone AND $1 IN (lower(id), lower(name))",
      [foldName(shipped)],
    )
  ).rows;

const isAmbiguous = async (db: Queryable, shipped: SecurityGroupId): Promise<boolean> =>
  groupCalled(await calledAs(db, shipped), shipped) === "several";
