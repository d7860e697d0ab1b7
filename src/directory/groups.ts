import {
  DEFAULT_GROUP,
  PERMISSION,
  type PracticeSettings,
  type SecurityGroupId,
  type Username,
} from "../policy/model.ts";
import { cannotBeSecurityGroupId, foldName } from "../policy/names/names.ts";
import { sameName } from "../policy/names/spelling.ts";
import { onlyRow, type Queryable, type Transaction } from "../store/database.ts";
import { calledAs } from "./ambiguous-groups.ts";
import { type DirectoryChanges, recordDirectoryChange } from "./directory-change.ts";
import { defaultAmong, isDefault, permissionsOf } from "./input/default-group.ts";
import { isMassLoss, type Losses, NO_LOSSES } from "./input/guard.ts";
import { type DirectoryRefusal, type InputError, invalidDirectory } from "./input/input-error.ts";
import { planDirectory, type StoredGroup, sameGroup, touchedBy } from "./input/plan.ts";
import { UNKNOWN_MEMBER } from "./input/read-members.ts";
import type { SentGroup } from "./input/schema.ts";
import { lockDirectory, readStoredGroups, writePlan } from "./store.ts";
import { storedGroupId, storedUsernames } from "./stored-names.ts";

/** The directory's security groups, one at a time. */

export interface GroupOptions {
  /** Proceeds even if more than half of those with AccessWhisper lose it. */
  readonly allowMassDeactivation: boolean;
}

/** Adds a group or updates it to what was sent. Members that are not sent stay as they are. */
export async function putGroup(
  tx: Transaction,
  settings: PracticeSettings,
  changes: DirectoryChanges,
  sent: SentGroup,
  options: GroupOptions,
): Promise<StoredGroup | DirectoryRefusal> {
  await lockDirectory(tx);
  const id =
    (await storedGroupId(tx, sent.id)) ?? (sameName(sent.id, DEFAULT_GROUP) ? DEFAULT_GROUP : sent.id);
  const stored = await readStoredGroups(tx, [id, DEFAULT_GROUP]);
  const known = stored.get(id);
  const others = (await calledAs(tx, DEFAULT_GROUP)).filter((group) => group.id !== id);
  const shipped = defaultAmong([...others, { id, name: sent.name }]);
  // Sent with its own id and by name: from then on this is Default, and the implicit one goes.
  const implicit = stored.get(DEFAULT_GROUP);
  const replaced =
    id !== DEFAULT_GROUP && isDefault(shipped, { id }) && implicit?.everyone === true ? implicit : undefined;
  const { members, errors } = await membersOf(tx, sent, known ?? replaced);
  const unfit = known ? null : cannotBeSecurityGroupId(settings, id);
  if (unfit !== null) return invalidDirectory([{ path: "id", message: unfit }, ...errors]);
  if (errors.length > 0) return invalidDirectory(errors);

  const wanted: StoredGroup = {
    id,
    name: sent.name,
    permissions: permissionsOf(shipped, { id, name: sent.name }, sent.permissions, known?.permissions),
    members,
    everyone: false,
  };
  const before = [known, replaced].filter((group) => group !== undefined);
  const losses = await accessLost(tx, before, wanted);
  if (isMassLoss(losses) && !options.allowMassDeactivation) return { refused: "mass-loss", losses };
  await write(tx, changes, before, [wanted]);
  return known && sameGroup(known, wanted) ? known : wanted;
}

/** Deletes a group; its members stay users. Default cannot be deleted, since it would come back with everyone in it. */
export async function deleteGroup(
  tx: Transaction,
  changes: DirectoryChanges,
  sent: SecurityGroupId,
  options: GroupOptions,
): Promise<DirectoryRefusal | null> {
  await lockDirectory(tx);
  const id = await storedGroupId(tx, sent);
  const known = id === null ? undefined : (await readStoredGroups(tx, [id])).get(id);
  if (!known) return { refused: "unknown" };
  const shipped = defaultAmong(await calledAs(tx, DEFAULT_GROUP));
  if (known.everyone || isDefault(shipped, known)) return { refused: "default-group" };
  const losses = await accessLost(tx, [known], null);
  if (isMassLoss(losses) && !options.allowMassDeactivation) return { refused: "mass-loss", losses };
  await write(tx, changes, [known], []);
  return null;
}

async function write(
  tx: Transaction,
  changes: DirectoryChanges,
  before: readonly StoredGroup[],
  after: readonly StoredGroup[],
): Promise<void> {
  const byId = (groups: readonly StoredGroup[]) => new Map(groups.map((group) => [group.id, group]));
  const users = new Map();
  const plan = planDirectory({ users, groups: byId(before) }, { users, groups: byId(after) });
  await writePlan(tx, plan);
  await recordDirectoryChange(tx, changes, touchedBy(plan));
}

/** The members in the known spelling. The sender can correct a single record, so an unknown member is an error. */
async function membersOf(
  tx: Transaction,
  sent: SentGroup,
  before: StoredGroup | undefined,
): Promise<{ readonly members: readonly Username[]; readonly errors: readonly InputError[] }> {
  if (sent.members === undefined) return { members: before?.members ?? [], errors: [] };
  const people = await storedUsernames(tx, sent.members);
  const members = new Set<Username>();
  const errors: InputError[] = [];
  for (const [index, name] of sent.members.entries()) {
    const member = people.get(foldName(name));
    if (member === undefined) errors.push({ path: `members[${index}]`, message: UNKNOWN_MEMBER });
    else members.add(member);
  }
  return { members: [...members], errors };
}

/** Who has AccessWhisper and would lose it through this change of groups. Called only if it may be several people. */
async function accessLost(
  db: Queryable,
  before: readonly StoredGroup[],
  after: StoredGroup | null,
): Promise<Losses> {
  const withAccess = (groups: readonly StoredGroup[]) =>
    groups.filter((group) => group.permissions.includes(PERMISSION.access));
  const kept = new Set(withAccess(after ? [after] : []).flatMap((group) => group.members));
  const leaving = withAccess(before)
    .flatMap((group) => group.members)
    .filter((username) => !kept.has(username));
  if (leaving.length < 2) return NO_LOSSES;
  const { lost, having } = onlyRow(
    await db.query<{ lost: number; having: number }>(
      `SELECT count(*)::integer AS having,
         count(*) FILTER (WHERE username = ANY($1) AND NOT $3 = ANY(permissions) AND NOT EXISTS (
           SELECT FROM security_group_members m JOIN security_groups g ON g.id = m.group_id
           WHERE m.username = users.username AND $3 = ANY(g.permissions) AND NOT g.id = ANY($2)))::integer AS lost
       FROM users
       WHERE active AND ($3 = ANY(permissions) OR username IN (
         SELECT m.username FROM security_group_members m JOIN security_groups g ON g.id = m.group_id
         WHERE $3 = ANY(g.permissions)))`,
      [leaving, before.map((group) => group.id), PERMISSION.access],
    ),
  );
  return { ...NO_LOSSES, access: { lost, of: having } };
}
