import { checkAccounts } from "../../conversations/record/queue-checks.ts";
import { releaseRooms } from "../../conversations/record/room-checks.ts";
import type { IssuedSignIn, SignInRefusal } from "../../directory/sign-in.ts";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings, UserId, Username } from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { usernameAsKnown } from "../../policy/names/spelling.ts";
import { hasAccess } from "../../policy/people/permissions.ts";
import type { Database } from "../../store/database.ts";
import { mute, syncAccounts } from "../accounts/accounts.ts";
import { expectedAccount } from "../accounts/expected-account.ts";
import { neverIgnore } from "../accounts/ignore-list.ts";
import { type Homeserver, HomeserverAway, path } from "../homeserver/homeserver.ts";
import { letInFirst } from "./let-in.ts";
import { holdRoomsOf } from "./reached-rooms.ts";

export interface SignInDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** The address that opens the practice's client, with `{login_token}`. */
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
    const token = await loginToken(homeserver, user);
    return {
      login_token: token.login_token,
      // In our own page the token follows `#`, so that no server logs it.
      url: dependencies.template.replace("{login_token}", encodeURIComponent(token.login_token)),
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
