import type { UserId } from "../policy/model.ts";
import type { Database, Queryable } from "../store/database.ts";
import { type Homeserver, path } from "./homeserver.ts";

/** An account as it ought to be; null where a user has none and needs none. */
export interface ExpectedAccount {
  readonly displayName: string;
  /** May not sign in, and every session is ended. */
  readonly locked: boolean;
  /** No notifications: Keep hidden or Never receive. */
  readonly muted: boolean;
}

interface ActualAccount {
  readonly display_name: string;
  readonly locked: boolean;
  readonly muted: boolean;
}

/**
 * Makes an account what it ought to be, calling the homeserver for the differences only. Each step is confirmed in
 * the database before the next one, and each may be repeated: a crash in between costs one call.
 * @returns whether the account is new.
 */
export async function syncAccount(
  database: Database,
  homeserver: Homeserver,
  user: UserId,
  wanted: ExpectedAccount | "departed",
): Promise<boolean> {
  const actual = await accountOf(database, user);
  const expected =
    wanted === "departed" ? { displayName: actual?.display_name ?? "", locked: true, muted: false } : wanted;
  if (actual === null) {
    // Nobody has to have an account who may not use it.
    if (expected.locked) return false;
    await homeserver.call({ method: "PUT", path: admin(user), body: { displayname: expected.displayName } });
    await database.query(
      `INSERT INTO accounts (user_id, display_name) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET display_name = excluded.display_name`,
      [user, expected.displayName],
    );
  } else if (actual.display_name !== expected.displayName) {
    await homeserver.call({ method: "PUT", path: admin(user), body: { displayname: expected.displayName } });
    await confirm(database, user, "display_name", expected.displayName);
  }
  if ((actual?.locked ?? false) !== expected.locked) {
    await homeserver.call({ method: "PUT", path: admin(user), body: { locked: expected.locked } });
    // A locked account still gets push messages, and its tokens come back to life when it is unlocked.
    if (expected.locked) {
      await homeserver.call({ method: "POST", path: "/_matrix/client/v3/logout/all", as: user });
    }
    await confirm(database, user, "locked", expected.locked);
  }
  if ((actual?.muted ?? false) !== expected.muted) {
    await mute(homeserver, user, expected.muted);
    await confirm(database, user, "muted", expected.muted);
  }
  return actual === null;
}

/** Turns all notifications off or on again (client-server API, "Push rules", `.m.rule.master`). */
export async function mute(homeserver: Homeserver, user: UserId, muted: boolean): Promise<void> {
  await homeserver.call({
    method: "PUT",
    path: "/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled",
    as: user,
    body: { enabled: muted },
  });
}

async function accountOf(db: Queryable, user: UserId): Promise<ActualAccount | null> {
  const found = await db.query<{ display_name: string; locked: boolean; muted: boolean }>(
    "SELECT display_name, locked, muted FROM accounts WHERE user_id = $1",
    [user],
  );
  return found.rows[0] ?? null;
}

/** Which of these users have an account that may join rooms. */
export async function withAccount(db: Queryable, users: readonly UserId[]): Promise<Set<UserId>> {
  const found = await db.query<{ user_id: UserId }>("SELECT user_id FROM accounts WHERE user_id = ANY($1)", [
    users,
  ]);
  return new Set(found.rows.map((row) => row.user_id));
}

async function confirm(
  db: Queryable,
  user: UserId,
  column: "display_name" | "locked" | "muted",
  value: string | boolean,
): Promise<void> {
  await db.query(`UPDATE accounts SET ${column} = $2, asserted_at = now() WHERE user_id = $1`, [user, value]);
}

const admin = (user: UserId) => path`/_synapse/admin/v2/users/${user}`;
