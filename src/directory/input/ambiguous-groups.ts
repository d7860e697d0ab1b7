import { ADMINISTRATOR_GROUP, DEFAULT_GROUP, PERMISSION, type SecurityGroupId } from "../../policy/model.ts";
import { foldName } from "../../policy/names/names.ts";
import { sameName } from "../../policy/names/spelling.ts";
import { type GroupName, groupCalled, isCalled } from "../../policy/people/group-called.ts";
import type { Queryable } from "../../store/database.ts";
import type { DirectoryProblem } from "./record.ts";
import type { SentUser } from "./schema.ts";

/** Groups whose name has a meaning, where nobody can tell which of several is meant. */

const SHIPPED = [DEFAULT_GROUP, ADMINISTRATOR_GROUP] as const;

export const ambiguousGroups = (groups: readonly GroupName[]): DirectoryProblem[] =>
  SHIPPED.filter((shipped) => groupCalled(groups, shipped) === "several").map((shipped) =>
    ambiguous(shipped, "security_groups"),
  );

/** The other groups that a single group shares its name with, as stored now. */
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

const ambiguous = (shipped: SecurityGroupId, path: string): DirectoryProblem => ({
  path,
  message: `Several groups are called ${shipped}, and none has that id: it cannot be told which is HealthTrack's. Rename the others, or send that one with the id ${shipped}`,
  kept: "left out",
});
