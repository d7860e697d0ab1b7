import { inParallel } from "../../base/in-parallel.ts";
import { accountsToCheck } from "../../conversations/record/account-checks.ts";
import type { UserId } from "../../policy/model.ts";
import { serverOf } from "../../policy/names/names.ts";
import { isOwnPicture } from "../../policy/names/pictures.ts";
import type { Database, Queryable, Transaction } from "../../store/database.ts";
import { type Homeserver, HomeserverAway, MatrixRefused, path } from "../homeserver/homeserver.ts";
import { accountAtSynapse } from "./account-state.ts";

/** An account as it should be. */
export interface ExpectedAccount {
  readonly displayName: string;
  /** What clients show next to the name unless there is a portrait, as a content URI; null: their own choice. */
  readonly picture: string | null;
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
        ? { displayName: "", picture: null, ...actual, locked: true, muted: false }
        : account;
    // Someone who may not use Whisper needs no account.
    if (actual === null && expected.locked) return;
    try {
      if (!(await bring(homeserver, user, actual, expected))) return;
      become.set(user, expected);
      unansweredInARow = 0;
    } catch (error) {
      if (await isBecauseDeactivated(homeserver, user, error)) return;
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

/**
 * Synapse 1.160 answers 500 to a new name for an erased account. What an account lacks while it is deactivated is set
 * once it is reactivated (changed-accounts.ts): until then nothing is retried, and nobody else waits.
 */
async function isBecauseDeactivated(homeserver: Homeserver, user: UserId, error: unknown): Promise<boolean> {
  const answered =
    error instanceof MatrixRefused || (error instanceof HomeserverAway && error.why === "failing");
  if (!answered) return false;
  const there = await accountAtSynapse(homeserver, user).catch(() => null);
  return there?.deactivated ?? false;
}

/** @returns whether anything had to be done. */
async function bring(
  homeserver: Homeserver,
  user: UserId,
  actual: ExpectedAccount | null,
  expected: ExpectedAccount,
): Promise<boolean> {
  const admin = path`/_synapse/admin/v2/users/${user}`;
  const { displayName: displayname, picture, locked, muted } = expected;
  let done = false;
  if (actual?.displayName !== displayname) {
    // With the picture from the start, so that it is in each of the account's joins and costs no call.
    const body = { displayname, ...(actual === null && picture !== null ? { avatar_url: picture } : {}) };
    const name = () => homeserver.call({ method: "PUT", path: admin, body });
    // A sign-in and the job may create the same account at the same time: Synapse refuses the second, which then uses
    // the existing one.
    await name().catch((error: unknown) => {
      if (error instanceof MatrixRefused && error.errcode === "M_USER_IN_USE") return name();
      throw error;
    });
    done = true;
  }
  if (actual !== null && actual.picture !== picture) {
    await changePicture(homeserver, user, picture);
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

/** A portrait that someone chose, or that an administrator set, stays. */
async function changePicture(homeserver: Homeserver, user: UserId, picture: string | null): Promise<void> {
  const admin = path`/_synapse/admin/v2/users/${user}`;
  const { avatar_url } = await homeserver.call<{ avatar_url?: string | null }>({
    method: "GET",
    path: admin,
  });
  if (avatar_url && !isOwnPicture(serverOf(user), avatar_url)) return;
  await homeserver.call({ method: "PUT", path: admin, body: { avatar_url: picture ?? "" } });
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

/**
 * Whisper lets people into their rooms, and nobody accepts an invitation. Each would be one more in the room's count,
 * and one more push (client-server API, "Push rules", `.m.rule.invite_for_me`).
 */
export async function muteInvitations(homeserver: Homeserver, user: UserId): Promise<void> {
  await homeserver.call({
    method: "PUT",
    path: path`/_matrix/client/v3/pushrules/global/override/.m.rule.invite_for_me/enabled`,
    as: user,
    body: { enabled: false },
  });
}

/** What Whisper believes of these accounts. */
export async function accountsOf(
  db: Queryable,
  users: readonly UserId[],
): Promise<Map<UserId, ExpectedAccount>> {
  const found = await db.query<{
    user_id: UserId;
    display_name: string;
    picture: string | null;
    locked: boolean;
    muted: boolean;
  }>("SELECT user_id, display_name, picture, locked, muted FROM accounts WHERE user_id = ANY($1)", [users]);
  return new Map(
    found.rows.map(({ user_id, display_name, picture, locked, muted }) => [
      user_id,
      { displayName: display_name, picture, locked, muted },
    ]),
  );
}

/** Records only what was changed: someone else may have changed the rest meanwhile. */
async function record(
  db: Queryable,
  accounts: ReadonlyMap<UserId, ExpectedAccount>,
  known: ReadonlyMap<UserId, ExpectedAccount>,
): Promise<void> {
  const rows = [...accounts].map(([user_id, { displayName, picture, locked, muted }]) => {
    const before = known.get(user_id);
    return {
      user_id,
      display_name: before?.displayName === displayName ? null : displayName,
      // Null would be "unchanged".
      picture: before?.picture === picture ? null : (picture ?? ""),
      locked: before?.locked === locked ? null : locked,
      muted: before?.muted === muted ? null : muted,
    };
  });
  await db.query(
    `WITH changed AS (
       SELECT * FROM json_to_recordset($1)
         AS a(user_id text, display_name text, picture text, locked boolean, muted boolean)),
     updated AS (
       UPDATE accounts AS known SET display_name = coalesce(c.display_name, known.display_name),
         picture = nullif(coalesce(c.picture, known.picture), ''),
         locked = coalesce(c.locked, known.locked), muted = coalesce(c.muted, known.muted)
       FROM changed c WHERE known.user_id = c.user_id RETURNING known.user_id)
     INSERT INTO accounts AS known (user_id, display_name, picture, locked, muted)
     SELECT user_id, coalesce(display_name, ''), nullif(picture, ''), coalesce(locked, false), coalesce(muted, false) FROM changed
     WHERE user_id NOT IN (SELECT user_id FROM updated)
     ON CONFLICT (user_id) DO NOTHING`,
    [JSON.stringify(rows)],
  );
}

export interface KnownAccounts {
  /** It exists and may join rooms. */
  made(user: UserId): boolean;
  /** It is not as it should be, or is being changed and may end up as it should have been earlier. */
  differ(user: UserId, wanted: WantedAccount): boolean;
}

/** What is known about these accounts. */
export async function knownAccounts(db: Queryable, users: readonly UserId[]): Promise<KnownAccounts> {
  const underWay = await accountsToCheck(db, users);
  const known = await accountsOf(db, users);
  return {
    made: (user) => known.has(user),
    differ(user, wanted) {
      if (underWay.has(user)) return true;
      const account = known.get(user);
      if (wanted === "departed") return account !== undefined && !account.locked;
      if (account === undefined) return !wanted.locked;
      const { displayName, picture, locked, muted } = wanted;
      return (
        account.displayName !== displayName ||
        account.picture !== picture ||
        account.locked !== locked ||
        account.muted !== muted
      );
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
