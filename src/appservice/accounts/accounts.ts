import { inParallel } from "../../base/in-parallel.ts";
import type { UserId } from "../../policy/model.ts";
import type { Database, Queryable, Transaction } from "../../store/database.ts";
import { type Homeserver, HomeserverAway, MatrixRefused, path } from "../homeserver/homeserver.ts";

/** An account as it should be. */
export interface ExpectedAccount {
  readonly displayName: string;
  /** May not sign in, and all sessions are ended. */
  readonly locked: boolean;
  /** No notifications: Keep hidden or Never receive. */
  readonly muted: boolean;
}

/** `departed`: one of ours that is no longer in the directory; locked, whatever its name. */
export type WantedAccount = ExpectedAccount | "departed";

/** Concurrent calls. Synapse handles one request at a time; more would only wait there. */
const AT_ONCE = 8;

/**
 * Brings accounts into line, calling the homeserver only for the differences. Results are recorded once all are done; a
 * crash before that costs calls that change nothing.
 * @param onMade what follows from new accounts, in the transaction that records them.
 * @returns the accounts that failed, and why, including single ones to which the homeserver gave no answer.
 * @throws HomeserverAway if the homeserver went away: this many calls in a row got no answer.
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
    // Someone who may not use Whisper needs no account.
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
    // A sign-in and the job may create the same account at the same time: Synapse refuses the second, which then uses
    // the existing one.
    await name().catch((error: unknown) => {
      if (error instanceof MatrixRefused && error.errcode === "M_USER_IN_USE") return name();
      throw error;
    });
    done = true;
  }
  if ((actual?.locked ?? false) !== locked) {
    await homeserver.call({ method: "PUT", path: admin, body: { locked } });
    // A locked account still gets push messages, and its tokens work again once it is unlocked.
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

/** Records only what was changed: someone else may have changed the rest meanwhile. */
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
  /** It exists and may join rooms. */
  made(user: UserId): boolean;
  /** It is not as it should be, or it is being worked on and may just be becoming what it should have been before. */
  differ(user: UserId, wanted: WantedAccount): boolean;
}

/** What is known about these accounts. */
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
