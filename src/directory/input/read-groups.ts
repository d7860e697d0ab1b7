import {
  DEFAULT_GROUP,
  type PracticeSettings,
  type SecurityGroupId,
  type Username,
} from "../../policy/model.ts";
import { cannotBeSecurityGroupId, foldName } from "../../policy/names/names.ts";
import { sameName } from "../../policy/names/spelling.ts";
import type { GroupName } from "../../policy/people/group-called.ts";
import { type Default, defaultAmong, isDefault, permissionsOf } from "./default-group.ts";
import type { StoredGroup } from "./plan.ts";
import { readMembers } from "./read-members.ts";
import { type DirectoryProblem, type Fields, isRecord, readableNames, readRecord } from "./record.ts";
import { groupId as groupIdField, groupSchema } from "./schema.ts";

/** A directory's security groups, as far as they can be read. */
export interface ReadGroups {
  readonly groups: ReadonlyMap<SecurityGroupId, StoredGroup>;
  readonly problems: readonly DirectoryProblem[];
}

interface OwnedGroup {
  readonly index: number;
  readonly group: StoredGroup | null;
}

/**
 * Reads groups one by one, by the same rules as users. A group that cannot be read stays as it is known. While it is
 * not even known whose a record is, no group is deleted for being absent.
 * @param users everyone in the practice: any other member is left out.
 */
export function readGroups(
  settings: PracticeSettings,
  sent: readonly unknown[],
  stored: ReadonlyMap<SecurityGroupId, StoredGroup>,
  users: ReadonlyMap<Username, unknown>,
): ReadGroups {
  const people = new Map([...users.keys()].map((username) => [foldName(username), username]));
  const known = new KnownGroups(stored);
  const shipped = defaultAmong(namedIn(sent));
  const owned = new Map<string, OwnedGroup[]>();
  const groups = new Map<SecurityGroupId, StoredGroup>();
  const problems: DirectoryProblem[] = [];
  const asKnown = (group: StoredGroup) => groups.set(group.id, remaining(group, users));
  let nobodys = 0;
  for (const [index, record] of sent.entries()) {
    const path = `security_groups[${index}]`;
    const id = idOf(settings, record, path);
    if ("problem" in id) {
      const owner = isRecord(record) ? known.ownerOf(record) : undefined;
      if (owner) asKnown(owner);
      else if (!id.impossible) nobodys += 1;
      problems.push({ ...id.problem, kept: owner ? "as known" : "left out" });
      continue;
    }
    const before = known.of(id.id);
    const read = readGroup(id.record, path, before ?? null, people, shipped, known);
    problems.push(...read.problems);
    const folded = foldName(id.id);
    const records = owned.get(folded) ?? [];
    records.push({ index, group: read.group });
    owned.set(folded, records);
  }
  for (const [folded, records] of owned) {
    const before = known.of(folded);
    const read = records.filter(({ group }) => group !== null);
    const taken = read.find(({ group }) => before && sameName(group?.name ?? "", before.name)) ?? read[0];
    if (taken?.group) groups.set(taken.group.id, taken.group);
    else if (before) asKnown(before);
    for (const record of records) {
      if (taken === undefined || record === taken) continue;
      problems.push({
        path: `security_groups[${record.index}].id`,
        message: `Is there already, as security_groups[${taken.index}]: send each group once`,
        kept: "left out",
      });
      if (!sameName(record.group?.name ?? "", taken.group?.name ?? "")) nobodys += 1;
    }
  }
  if (nobodys > 0) {
    const absent = [...stored.values()].filter((group) => !group.everyone && !groups.has(group.id));
    absent.forEach(asKnown);
    if (absent.length > 0) problems.push(keptThough(absent.length, nobodys));
  }
  return { groups, problems };
}

/** The stored groups, however their ids are spelled. HealthTrack's Default may have another id than ours. */
class KnownGroups {
  private readonly byId: ReadonlyMap<string, StoredGroup>;
  readonly default: StoredGroup | undefined;

  constructor(stored: ReadonlyMap<SecurityGroupId, StoredGroup>) {
    this.byId = new Map([...stored.values()].map((group) => [foldName(group.id), group]));
    const shipped = defaultAmong(stored.values());
    this.default = shipped === "several" || shipped === null ? undefined : shipped;
  }

  of(id: string): StoredGroup | undefined {
    return this.byId.get(foldName(id));
  }

  /** The group that a record without a readable id is about. */
  ownerOf(record: Fields): StoredGroup | undefined {
    const found = readableNames(record.id).map((id) => this.of(id));
    const named = readableNames(record.name).some((name) => sameName(name, DEFAULT_GROUP));
    return found.find((group) => group !== undefined) ?? (named ? this.default : undefined);
  }
}

/** The groups that are sent, as far as they have an id and a name. */
function namedIn(sent: readonly unknown[]): GroupName[] {
  const ids = new Map<string, GroupName>();
  for (const record of sent) {
    const id = isRecord(record) ? ID.safeParse(record.id) : null;
    const [name] = isRecord(record) ? readableNames(record.name) : [];
    if (id?.success && name !== undefined && !ids.has(foldName(id.data)))
      ids.set(foldName(id.data), { id: id.data, name });
  }
  return [...ids.values()];
}

type ReadId =
  | { readonly id: SecurityGroupId; readonly record: Fields }
  | { readonly problem: Omit<DirectoryProblem, "kept">; readonly impossible: boolean };

const ID = groupIdField();

function idOf(settings: PracticeSettings, record: unknown, path: string): ReadId {
  if (!isRecord(record))
    return { problem: { path, message: "Must be an object with named fields" }, impossible: false };
  const read = ID.safeParse(record.id);
  if (!read.success) {
    const message =
      "Must be the id of the group, as text of one line: without it nobody knows which one it is";
    return { problem: { path: `${path}.id`, message }, impossible: false };
  }
  const message = cannotBeSecurityGroupId(settings, read.data);
  return message === null
    ? { id: read.data, record }
    : { problem: { path: `${path}.id`, message }, impossible: true };
}

function readGroup(
  record: Fields,
  path: string,
  stored: StoredGroup | null,
  people: ReadonlyMap<string, Username>,
  shipped: Default,
  groups: KnownGroups,
): { readonly group: StoredGroup | null; readonly problems: readonly DirectoryProblem[] } {
  const { members: sent, ...others } = record;
  const read = readRecord(groupSchema, others, path, stored && withoutMembers(stored), ["name"]);
  if (read.value === null) return { group: null, problems: read.problems };
  const { id, name, permissions } = read.value;
  const before = stored ?? (isDefault(shipped, { id }) ? groups.default : undefined) ?? null;
  const { members, problems } = readMembers(sent, `${path}.members`, before?.members ?? null, people);
  const group: StoredGroup = {
    id: stored?.id ?? (sameName(id, DEFAULT_GROUP) ? DEFAULT_GROUP : id),
    name,
    permissions: permissionsOf(shipped, { id, name }, permissions, stored?.permissions),
    members,
    everyone: false,
  };
  return { group, problems: [...read.problems, ...problems] };
}

const withoutMembers = ({ id, name, permissions }: StoredGroup) => ({
  id,
  name,
  permissions: [...permissions],
});

const remaining = (group: StoredGroup, users: ReadonlyMap<Username, unknown>): StoredGroup => ({
  ...group,
  members: group.members.filter((username) => users.has(username)),
});

function keptThough(absent: number, nobodys: number): DirectoryProblem {
  const which = nobodys === 1 ? "which group one of these is" : `which groups ${nobodys} of these are`;
  const groups = absent === 1 ? "1 group was" : `${absent} groups were`;
  const message = `It cannot be told ${which}. ${groups} not sent, and stay since it may be theirs`;
  return { path: "security_groups", message, kept: "as known" };
}
