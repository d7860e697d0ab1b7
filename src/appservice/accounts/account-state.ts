import type { UserId } from "../../policy/model.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";

/** Why nobody can work with an account, although the directory says that they may. Only Synapse's administrators do this. */
export type Blocked = "deactivated" | "locked" | "suspended" | "shadow-banned";

/** An account as Synapse has it. */
export interface AccountAtSynapse {
  readonly user: UserId;
  readonly displayName: string;
  readonly picture: string | null;
  readonly deactivated: boolean;
  readonly locked: boolean;
  /** They may read, but neither write nor join rooms (MSC3823). Only known of an account that is asked for alone. */
  readonly suspended: boolean;
  /** Nobody is shown what they write, and they are not told. */
  readonly shadowBanned: boolean;
}

/** Admin API, "Query User Account" and "List Accounts". */
interface UserDetails {
  readonly name: UserId;
  readonly displayname: string | null;
  readonly avatar_url: string | null;
  readonly deactivated: boolean;
  readonly locked: boolean;
  readonly shadow_banned: boolean;
  readonly suspended?: boolean;
}

/** @returns null if there is no such account. */
export async function accountAtSynapse(
  homeserver: Homeserver,
  user: UserId,
): Promise<AccountAtSynapse | null> {
  try {
    return seen(
      await homeserver.call<UserDetails>({ method: "GET", path: path`/_synapse/admin/v2/users/${user}` }),
    );
  } catch (error) {
    if (error instanceof MatrixRefused && error.status === 404) return null;
    throw error;
  }
}

/** Accounts listed per call. */
const PAGE = 500;

/** Every account of the homeserver, page by page, including deactivated and locked ones. */
export async function* accountsAtSynapse(
  homeserver: Homeserver,
): AsyncGenerator<readonly AccountAtSynapse[]> {
  for (let from: string | undefined = "0"; from !== undefined; ) {
    const page: { users: readonly UserDetails[]; next_token?: string } = await homeserver.call({
      method: "GET",
      path: path`/_synapse/admin/v2/users`,
      query: { from, limit: String(PAGE), guests: "false", deactivated: "true", locked: "true" },
    });
    yield page.users.map(seen);
    from = page.next_token;
  }
}

/**
 * @param lockedByUs Whisper itself locked the account and is about to unlock it.
 * @returns null if the account can be used.
 */
export function blocked(account: AccountAtSynapse, lockedByUs: boolean): Blocked | null {
  if (account.deactivated) return "deactivated";
  if (account.locked && !lockedByUs) return "locked";
  if (account.suspended) return "suspended";
  return account.shadowBanned ? "shadow-banned" : null;
}

const seen = (details: UserDetails): AccountAtSynapse => ({
  user: details.name,
  displayName: details.displayname ?? "",
  picture: details.avatar_url || null,
  deactivated: details.deactivated,
  locked: details.locked,
  suspended: details.suspended ?? false,
  shadowBanned: details.shadow_banned,
});
