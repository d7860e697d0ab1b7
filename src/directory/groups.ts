import { DEFAULT_GROUP, type Naming, type SecurityGroupId, type Username } from "../policy/model.ts";
import { cannotBeSecurityGroupId } from "../policy/names.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { announce, type DirectoryChanges } from "./changes.ts";
import { nameErrors, unknownMembers } from "./check.ts";
import { isDefaultGroup } from "./default-group.ts";
import { invalid, type Refusal } from "./input-error.ts";
import { groupAsSent, planDirectory, type StoredGroup, sameGroup, touchedBy } from "./plan.ts";
import type { SentGroup } from "./schema.ts";
import { lockDirectory, readGroups, writePlan } from "./store.ts";

/** Single security groups of the directory. */

/** Adds a group, or makes it what was sent. */
export async function putGroup(
  tx: Transaction,
  naming: Naming,
  changes: DirectoryChanges,
  sent: SentGroup,
): Promise<StoredGroup | Refusal> {
  await lockDirectory(tx);
  const stored = await readGroups(tx, [sent.id, DEFAULT_GROUP]);
  const wanted = groupAsSent(sent);
  // Under a number and by name: from then on this one is Default, and the one that was there by itself goes.
  const takesOver =
    sent.id !== DEFAULT_GROUP && isDefaultGroup(sent) && stored.get(DEFAULT_GROUP)?.everyone === true;
  const replaced = takesOver ? [DEFAULT_GROUP] : [];
  const others = (await groupIds(tx)).filter((id) => !replaced.includes(id));
  const errors = [
    ...nameErrors(sent.id, others, "id", (id) => cannotBeSecurityGroupId(naming, id)),
    ...unknownMembers(sent.members, await knownUsernames(tx, sent.members), "members"),
  ];
  if (errors.length > 0) return invalid(errors);

  const relevant = new Map([...stored].filter(([id]) => id === sent.id || replaced.includes(id)));
  const plan = planDirectory(
    { users: new Map(), groups: relevant },
    { users: new Map(), groups: new Map([[wanted.id, wanted]]) },
  );
  await writePlan(tx, plan);
  await announce(tx, changes, touchedBy(plan));
  const known = stored.get(sent.id);
  return known && sameGroup(known, wanted) ? known : wanted;
}

/** Deletes a group; its members stay users. Default cannot be deleted, as it would come back with everybody in it. */
export async function deleteGroup(
  tx: Transaction,
  changes: DirectoryChanges,
  id: SecurityGroupId,
): Promise<Refusal | null> {
  await lockDirectory(tx);
  const known = (await readGroups(tx, [id])).get(id);
  if (!known) return { refused: "unknown" };
  if (isDefaultGroup(known)) return { refused: "default-group" };
  const nobody = new Map();
  const plan = planDirectory(
    { users: nobody, groups: new Map([[id, known]]) },
    { users: nobody, groups: nobody },
  );
  await writePlan(tx, plan);
  await announce(tx, changes, touchedBy(plan));
  return null;
}

async function groupIds(db: Queryable): Promise<SecurityGroupId[]> {
  const { rows } = await db.query<{ id: SecurityGroupId }>("SELECT id FROM security_groups");
  return rows.map((row) => row.id);
}

async function knownUsernames(db: Queryable, usernames: readonly Username[]): Promise<ReadonlySet<Username>> {
  const { rows } = await db.query<{ username: Username }>(
    "SELECT username FROM users WHERE username = ANY($1)",
    [usernames],
  );
  return new Set(rows.map((row) => row.username));
}
