import { checkAccounts } from "../../conversations/record/account-checks.ts";
import { directChatsSet } from "../../conversations/record/direct-chats.ts";
import { releaseRooms } from "../../conversations/record/room-checks.ts";
import type { IssuedSignIn, SignInRefusal } from "../../directory/sign-in.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings, UserId, Username } from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { usernameAsKnown } from "../../policy/names/spelling.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import type { Database } from "../../store/database.ts";
import { accountAtSynapse, blocked } from "../accounts/account-state.ts";
import { accountsOf, mute, syncAccounts } from "../accounts/accounts.ts";
import { believe } from "../accounts/changed-accounts.ts";
import { expectedAccount } from "../accounts/expected-account.ts";
import { neverIgnore } from "../accounts/ignore-list.ts";
import { accountDataOf, directRooms } from "../homeserver/account-data.ts";
import { type Homeserver, HomeserverAway, path } from "../homeserver/homeserver.ts";
import { letInFirst } from "./let-in.ts";
import { holdRoomsOf } from "./reached-rooms.ts";

export interface SignInDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** The address that opens the practice's client, with `{login_token}`, and `{expires}` for the Unix time of its end. */
  readonly template: string;
}

/** A longer wait than this (milliseconds) comes from the homeserver's limit of one login token a minute per user. */
const TOO_SOON = 1_000;

/**
 * A one-time link that signs a user in (client-server API, `m.login.token`). Their account is put in order first, and
 * their notifications are reset to their preferences, since any client may have changed them.
 */
export async function issueSignIn(
  dependencies: SignInDependencies,
  name: Username,
): Promise<IssuedSignIn | SignInRefusal> {
  const { database, homeserver, settings } = dependencies;
  const people = await dependencies.directory.fresh();
  const username = usernameAsKnown(people, name);
  if (!people.users.has(username)) return { refused: "unknown-user" };
  if (!hasAccess(people, username)) return { refused: "no-access" };
  const user = userIdOf(settings, username);
  const expected = expectedAccount(people, settings, user);
  if (expected === null || expected === "departed") return { refused: "unknown-user" };
  try {
    const there = await accountAtSynapse(homeserver, user);
    if (there !== null) {
      const lockedByUs = (await accountsOf(database, [user])).get(user)?.locked ?? false;
      const why = blocked(there, lockedByUs);
      if (why !== null) return { refused: "blocked", why };
      await believe(database, people, settings, [there]);
    }
    const practice = { directory: people, settings };
    const failed = await syncAccounts(database, homeserver, new Map([[user, expected]]), async (tx, made) => {
      await holdRoomsOf({ ...practice, tx }, made);
      await releaseRooms(tx);
    });
    if (failed.has(user)) throw failed.get(user);
    await letInFirst(database, username);
    // They may have lost access while the account was being made: it is checked again.
    if (!hasAccess(await dependencies.directory.fresh(), username)) {
      await database.transaction((tx) => checkAccounts(tx, [user]));
      return { refused: "no-access" };
    }
    await mute(homeserver, user, expected.muted);
    await neverIgnore(homeserver, user, settings.bot);
    // Deactivating an account empties its account data, and clients set it past the gate.
    const direct = path`/_matrix/client/v3/user/${user}/account_data/m.direct`;
    await directChatsSet(database, user, directRooms(await accountDataOf(homeserver, user, direct)));
    const token = await loginToken(homeserver, user);
    return {
      login_token: token.login_token,
      // In our own page the token follows `#`, so that no server logs it.
      url: dependencies.template
        .replace("{login_token}", encodeURIComponent(token.login_token))
        .replace("{expires}", String(Math.floor((Date.now() + token.expires_in_ms) / 1_000))),
      expires_in: Math.floor(token.expires_in_ms / 1_000),
    };
  } catch (error) {
    if (!(error instanceof HomeserverAway)) throw error;
    const { retryAfter } = error;
    if (retryAfter === undefined) return { refused: "homeserver-down" };
    const seconds = Math.ceil(retryAfter / 1_000);
    return retryAfter > TOO_SOON
      ? { refused: "too-soon", retryAfter: seconds }
      : { refused: "homeserver-down", retryAfter: seconds };
  }
}

const loginToken = (homeserver: Homeserver, user: UserId) =>
  homeserver.call<{ login_token: string; expires_in_ms: number }>({
    method: "POST",
    path: path`/_matrix/client/v1/login/get_token`,
    as: user,
  });
