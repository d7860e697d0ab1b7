import { isDeepStrictEqual } from "node:util";
import {
  type ConversationId,
  type CustomGroup,
  DEFAULT_PREFERENCES,
  type Directory,
  type PatientArrivedAlerts,
  type SecurityGroup,
  type SecurityGroupId,
  type User,
  type Username,
} from "../policy/model.ts";
import { type AlertRoles, mayChooseAlerts } from "../policy/people/alert-roles.ts";
import { type Database, onlyRow, type Queryable } from "../store/database.ts";
import { type Changed, type ChangedKind, changesBetween } from "./change-log.ts";

/** The directory in memory, never older than the database when that matters. */
export interface DirectorySnapshot {
  /** The directory as committed now: one small query if nothing changed, otherwise only the changes are read. */
  fresh(): Promise<Directory>;
  /**
   * The directory as this transaction sees it, including its own changes, on its own connection. From memory if that is
   * the same. Under `lockDirectory` nobody else changes it until the transaction ends.
   */
  within(tx: Queryable): Promise<Directory>;
  /** The directory as last loaded, without a query. For answers within a few milliseconds. */
  latest(): Directory;
}

const EMPTY: Directory = { users: new Map(), securityGroups: new Map(), customGroups: new Map() };

/** @param roles who may choose Patient Arrived Alerts for more than their own bookings; others have the default. */
export function directorySnapshot(database: Database, roles: AlertRoles = {}): DirectorySnapshot {
  let loaded: Loaded = { revision: "", directory: EMPTY };
  let loading: Promise<Directory> | undefined;

  const load = async (): Promise<Directory> => {
    const next = await database.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
      return brought(tx, loaded, roles);
    });
    loaded = next;
    return next.directory;
  };

  return {
    latest: () => loaded.directory,
    // What a transaction loads is not kept: it may be rolled back, and its revision given to another change.
    within: async (tx) => (await brought(tx, loaded, roles)).directory,
    fresh: async () => {
      if ((await revisionOf(database)) === loaded.revision) return loaded.directory;
      // A load that began before our question may miss what we need: wait for one of our own.
      if (loading) await loading.catch(() => undefined);
      if ((await revisionOf(database)) === loaded.revision) return loaded.directory;
      loading ??= load().finally(() => {
        loading = undefined;
      });
      return loading;
    },
  };
}

interface Loaded {
  readonly revision: string;
  readonly directory: Directory;
}

/** What was loaded, updated with the changes that `db` sees. Maps in which nothing changed stay the same objects. */
async function brought(db: Queryable, loaded: Loaded, roles: AlertRoles): Promise<Loaded> {
  const revision = await revisionOf(db);
  if (revision === loaded.revision) return loaded;
  const changes = await changesBetween(db, loaded.revision, revision);
  if (changes === null) return { revision, directory: await loadDirectory(db, roles) };
  const { users, securityGroups, customGroups } = loaded.directory;
  const of = (...kinds: ChangedKind[]) => subjectsOf(changes, kinds);
  return {
    revision,
    directory: {
      users: await renewed(users, of("user"), (names) => loadUsers(db, roles, names)),
      securityGroups: await renewed(securityGroups, of("security_group", "members"), (ids) =>
        loadSecurityGroups(db, ids),
      ),
      customGroups: await renewed(customGroups, of("custom_group"), (ids) => loadCustomGroups(db, ids)),
    },
  };
}

const subjectsOf = (changes: readonly Changed[], kinds: readonly ChangedKind[]): string[] => [
  ...new Set(changes.filter(({ kind }) => kinds.includes(kind)).map(({ subject }) => subject)),
];

/** The map with these entries as `load` returns them now; entries that it does not return are removed. */
async function renewed<Key extends string, Value>(
  known: ReadonlyMap<Key, Value>,
  keys: readonly string[],
  load: (keys: readonly string[]) => Promise<ReadonlyMap<Key, Value>>,
): Promise<ReadonlyMap<Key, Value>> {
  if (keys.length === 0) return known;
  const now = await load(keys);
  // Someone who joined a group appears in its change, but their own record is the same.
  if ((keys as readonly Key[]).every((key) => isDeepStrictEqual(now.get(key), known.get(key)))) return known;
  const renewed = new Map(known);
  for (const key of keys as readonly Key[]) if (!now.has(key)) renewed.delete(key);
  for (const [key, value] of now) renewed.set(key, value);
  return renewed;
}

async function revisionOf(db: Queryable): Promise<string> {
  return onlyRow(await db.query<{ revision: string }>("SELECT revision FROM directory_revision")).revision;
}

interface UserRow {
  username: Username;
  name: string;
  role: string | null;
  email: string | null;
  mobile: string | null;
  active: boolean;
  permissions: string[];
  doctor: boolean;
  doctor_ids: string[];
  locations: string[];
  open_on_message: boolean | null;
  keep_hidden: boolean | null;
  never_receive: boolean | null;
  open_on_startup: boolean | null;
  patient_arrived_alerts: PatientArrivedAlerts | null;
}

/** The whole directory, in three statements. */
export const loadDirectory = async (db: Queryable, roles: AlertRoles = {}): Promise<Directory> => ({
  users: await loadUsers(db, roles),
  securityGroups: await loadSecurityGroups(db),
  customGroups: await loadCustomGroups(db),
});

/** These rows, or all: two statements, so that each gets the plan it needs. */
const only = (column: string, keys: readonly string[] | undefined) =>
  keys === undefined
    ? { where: "true", values: undefined }
    : { where: `${column} = ANY($1)`, values: [keys] };

async function loadUsers(
  db: Queryable,
  roles: AlertRoles,
  names?: readonly string[],
): Promise<ReadonlyMap<Username, User>> {
  const { where, values } = only("u.username", names);
  const { rows } = await db.query<UserRow>(
    `SELECT u.username, u.name, u.role, u.email, u.mobile, u.active, u.permissions, u.doctor, u.doctor_ids, u.locations,
            p.open_on_message, p.keep_hidden, p.never_receive, p.open_on_startup, p.patient_arrived_alerts
     FROM users u LEFT JOIN preferences p USING (username) WHERE ${where} ORDER BY username`,
    values,
  );
  return new Map(rows.map((row) => [row.username, userOf(row, roles)]));
}

async function loadSecurityGroups(
  db: Queryable,
  ids?: readonly string[],
): Promise<ReadonlyMap<SecurityGroupId, SecurityGroup>> {
  const { where, values } = only("g.id", ids);
  const { rows } = await db.query<SecurityGroup & { members: Username[] }>(
    `SELECT g.id, g.name, g.permissions,
            coalesce(array_agg(m.username ORDER BY m.username) FILTER (WHERE m.username IS NOT NULL), '{}') AS members
     FROM security_groups g LEFT JOIN security_group_members m ON m.group_id = g.id
     WHERE ${where} GROUP BY g.id ORDER BY g.id`,
    values,
  );
  return new Map(rows.map((row) => [row.id as SecurityGroupId, row]));
}

async function loadCustomGroups(
  db: Queryable,
  ids?: readonly string[],
): Promise<ReadonlyMap<ConversationId, CustomGroup>> {
  const { where, values } = only("c.id", ids);
  const { rows } = await db.query<CustomGroupRow>(
    `SELECT c.id, c.name, c.created_by,
            coalesce(array_agg(m.member ORDER BY m.member) FILTER (WHERE m.kind = 'user'), '{}') AS users,
            coalesce(array_agg(m.member ORDER BY m.member) FILTER (WHERE m.kind = 'security_group'), '{}') AS security_groups,
            coalesce(array_agg(m.member ORDER BY m.member) FILTER (WHERE m.kind = 'custom_group'), '{}') AS custom_groups
     FROM conversations c LEFT JOIN custom_group_members m ON m.conversation_id = c.id
     WHERE c.kind = 'custom' AND ${where} GROUP BY c.id ORDER BY c.id`,
    values,
  );
  return new Map(rows.map((row) => [row.id, customGroupOf(row)]));
}

interface CustomGroupRow {
  id: ConversationId;
  name: string | null;
  created_by: Username;
  users: Username[];
  security_groups: SecurityGroupId[];
  custom_groups: ConversationId[];
}

function customGroupOf(row: CustomGroupRow): CustomGroup {
  return {
    id: row.id,
    name: row.name,
    createdBy: row.created_by,
    users: row.users,
    securityGroups: row.security_groups,
    customGroups: row.custom_groups,
  };
}

/** What they chose is kept, and takes effect again when their role allows it. */
const alertsInEffect = ({ role, patient_arrived_alerts: chosen }: UserRow, roles: AlertRoles) =>
  chosen !== null && mayChooseAlerts(role, chosen, roles) ? chosen : null;

function userOf(row: UserRow, roles: AlertRoles): User {
  const preferences =
    row.open_on_message === null
      ? DEFAULT_PREFERENCES
      : {
          openOnMessage: row.open_on_message,
          keepHidden: row.keep_hidden ?? false,
          neverReceive: row.never_receive ?? false,
          openOnStartup: row.open_on_startup ?? false,
          patientArrivedAlerts: alertsInEffect(row, roles),
        };
  const { username, name, role, email, mobile, active, permissions, doctor, locations } = row;
  const doctorIds = row.doctor_ids;
  return {
    username,
    name,
    role,
    email,
    mobile,
    active,
    permissions,
    doctor,
    doctorIds,
    locations,
    preferences,
  };
}
