import { inParallel } from "../../base/in-parallel.ts";
import type { UserId } from "../../policy/model.ts";
import type { Database, Queryable, Transaction } from "../../store/database.ts";
import { type Homeserver, HomeserverAway, MatrixRefused, path } from "../homeserver/homeserver.ts";

/** An account as it ought to be. */
export interface ExpectedAccount {
  readonly displayName: string;
  /** May not sign in, and every session is ended. */
  readonly locked: boolean;
  /** No notifications: Keep hidden or Never receive. */
  readonly muted: boolean;
}

/** `departed`: one of ours whom the directory no longer knows; locked, whatever its name. */
export type WantedAccount = ExpectedAccount | "departed";

/** Calls at a time. Synapse works on one thing at a time; more would only wait there. */
const AT_ONCE = 8;

/**
 * Makes accounts what they ought to be, calling the homeserver for the differences only. What was done is recorded
 * when all of them are done; until then a crash costs calls that change nothing.
 * @param onMade what follows from new accounts, in the transaction that records them.
 * @returns the accounts that failed, and why: also those for which alone the homeserver had no answer.
 * @throws HomeserverAway when the homeserver went away: so many in a row got no answer.
 */
export async function syncAccounts(
  database: Database,
  homeserver: Homeserver,
  wanted: ReadonlyMap<UserId, WantedAccount>,
  onMade: (tx: Transaction, users: readonly UserId[]) => Promise<void>,
): Promise<ReadonlyMap<UserId, unknown>> {
  const known = await accountsOf(database, [...wanted.keys()]);
  const become = new Map<UserId, ExpectedAccount>();
  const failed = new Map<UserId, unknown>();
  let away: HomeserverAway | undefined;
  let unansweredInARow = 0;
  await inParallel([...wanted], AT_ONCE, async ([user, account]) => {
    if (away !== undefined) return;
    const actual = known.get(user) ?? null;
    const expected =
      account === "departed"
        ? { displayName: actual?.displayName ?? "", locked: true, muted: false }
        : account;
    // Nobody has to have an account who may not use it.
    if (actual === null && expected.locked) return;
    try {
      if (!(await bring(homeserver, user, actual, expected))) return;
      become.set(user, expected);
      unansweredInARow = 0;
    } catch (error) {
      failed.set(user, error);
      if (error instanceof HomeserverAway && ++unansweredInARow >= AT_ONCE) away = error;
    }
  });
  const made = [...become.keys()].filter((user) => !known.has(user));
  if (become.size > 0) {
    await database.transaction(async (tx) => {
      await record(tx, become, known);
      if (made.length > 0) await onMade(tx, made);
    });
  }
  if (away !== undefined) throw away;
  return failed;
}

/** @returns whether anything had to be done. */
async function bring(
  homeserver: Homeserver,
  user: UserId,
  actual: ExpectedAccount | null,
  expected: ExpectedAccount,
): Promise<boolean> {
  const admin = path`/_synapse/admin/v2/users/${user}`;
  const { displayName: displayname, locked, muted } = expected;
  let done = false;
  if (actual?.displayName !== displayname) {
    const name = () => homeserver.call({ method: "PUT", path: admin, body: { displayname } });
    // A sign-in and the job may make one account at once: Synapse refuses the second, and takes it when it is there.
    await name().catch((error: unknown) => {
      if (error instanceof MatrixRefused && error.errcode === "M_USER_IN_USE") return name();
      throw error;
    });
    done = true;
  }
  if ((actual?.locked ?? false) !== locked) {
    await homeserver.call({ method: "PUT", path: admin, body: { locked } });
    // A locked account still gets push messages, and its tokens come back to life when it is unlocked.
    if (locked)
      await homeserver.call({ method: "POST", path: path`/_matrix/client/v3/logout/all`, as: user });
    done = true;
  }
  if ((actual?.muted ?? false) !== muted) {
    await mute(homeserver, user, muted);
    done = true;
  }
  return done;
}

/** Turns all notifications off or on again (client-server API, "Push rules", `.m.rule.master`). */
export async function mute(homeserver: Homeserver, user: UserId, muted: boolean): Promise<void> {
  await homeserver.call({
    method: "PUT",
    path: path`/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled`,
    as: user,
    body: { enabled: muted },
  });
}

async function accountsOf(db: Queryable, users: readonly UserId[]): Promise<Map<UserId, ExpectedAccount>> {
  const found = await db.query<{ user_id: UserId; display_name: string; locked: boolean; muted: boolean }>(
    "SELECT user_id, display_name, locked, muted FROM accounts WHERE user_id = ANY($1)",
    [users],
  );
  return new Map(
    found.rows.map(({ user_id, display_name, locked, muted }) => [
      user_id,
      { displayName: display_name, locked, muted },
    ]),
  );
}

/** Writes down what was changed, and nothing else: the rest may have been changed by somebody else meanwhile. */
async function record(
  db: Queryable,
  accounts: ReadonlyMap<UserId, ExpectedAccount>,
  known: ReadonlyMap<UserId, ExpectedAccount>,
): Promise<void> {
  const rows = [...accounts].map(([user_id, { displayName, locked, muted }]) => {
    const before = known.get(user_id);
    return {
      user_id,
      display_name: before?.displayName === displayName ? null : displayName,
      locked: before?.locked === locked ? null : locked,
      muted: before?.muted === muted ? null : muted,
    };
  });
  await db.query(
    `WITH changed AS (
       SELECT * FROM json_to_recordset($1) AS a(user_id text, display_name text, locked boolean, muted boolean)),
     updated AS (
       UPDATE accounts AS known SET display_name = coalesce(c.display_name, known.display_name),
         locked = coalesce(c.locked, known.locked), muted = coalesce(c.muted, known.muted)
       FROM changed c WHERE known.user_id = c.user_id RETURNING known.user_id)
     INSERT INTO accounts AS known (user_id, display_name, locked, muted)
     SELECT user_id, coalesce(display_name, ''), coalesce(locked, false), coalesce(muted, false) FROM changed
     WHERE user_id NOT IN (SELECT user_id FROM updated)
     ON CONFLICT (user_id) DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

export interface KnownAccounts {
  /** It exists, and may join rooms. */
  made(user: UserId): boolean;
  /** It is not as it ought to be, or is being looked at, and may just become what it ought to have been before. */
  differ(user: UserId, wanted: WantedAccount): boolean;
}

/** What is known of these accounts. */
export async function knownAccounts(db: Queryable, users: readonly UserId[]): Promise<KnownAccounts> {
  const found = await db.query<{ user_id: UserId }>(
    "SELECT user_id FROM account_checks WHERE user_id = ANY($1)",
    [users],
  );
  const underWay = new Set(found.rows.map((row) => row.user_id));
  const known = await accountsOf(db, users);
  return {
    made: (user) => known.has(user),
    differ(user, wanted) {
      if (underWay.has(user)) return true;
      const account = known.get(user);
      if (wanted === "departed") return account !== undefined && !account.locked;
      if (account === undefined) return !wanted.locked;
      const { displayName, locked, muted } = wanted;
      return account.displayName !== displayName || account.locked !== locked || account.muted !== muted;
    },
  };
}

/** Which of these users have an account that may join rooms. */
export async function withAccount(db: Queryable, users: readonly UserId[]): Promise<Set<UserId>> {
  const found = await db.query<{ user_id: UserId }>("SELECT user_id FROM accounts WHERE user_id = ANY($1)", [
    users,
  ]);
  return new Set(found.rows.map((row) => row.user_id));
}
