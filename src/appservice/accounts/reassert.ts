import type { Logger } from "pino";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { PracticeSettings, UserId } from "../../policy/model.ts";
import { isHandle } from "../../policy/names/names.ts";
import type { Database } from "../../store/database.ts";
import { type Homeserver, MatrixRefused } from "../homeserver/homeserver.ts";
import { mute, muteInvitations } from "./accounts.ts";
import { expectedAccount } from "./expected-account.ts";
import { neverIgnore } from "./ignore-list.ts";
import { hearAllKinds } from "./kinds-heard.ts";
import { quietPushers } from "./pushers.ts";

/** Users looked up at a time. */
const PAGE = 500;

export interface ReassertDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly log: Logger;
}

/**
 * Resets everyone's notifications to their preferences. A client may have changed `.m.rule.master`, and no application
 * service hears of that; the preference in HealthTrack counts (docs/matrix-mapping.md#rules). Invitations stay silent, and stickers and polls count.
 * An account that Synapse refuses, such as a deactivated one, does not stop the others. Their pushers name nobody, even
 * if they were set past the gate.
 * @throws HomeserverAway: the other accounts would fare no better.
 */
export async function reassertNotifications(dependencies: ReassertDependencies): Promise<void> {
  let refused = 0;
  let last: MatrixRefused | undefined;
  const people = await dependencies.directory.fresh();
  let after = "";
  for (;;) {
    const page = await dependencies.database.query<{ user_id: UserId }>(
      "SELECT user_id FROM accounts WHERE user_id > $1 AND NOT locked ORDER BY user_id LIMIT $2",
      [after, PAGE],
    );
    for (const { user_id } of page.rows) {
      const expected = expectedAccount(people, dependencies.settings, user_id);
      // Nobody signs in as a group's handle.
      if (isHandle(dependencies.settings, user_id)) continue;
      if (expected === null || expected === "departed" || expected.locked) continue;
      try {
        await mute(dependencies.homeserver, user_id, expected.muted);
        await muteInvitations(dependencies.homeserver, user_id);
        await hearAllKinds(dependencies.homeserver, user_id);
        await quietPushers(dependencies.homeserver, user_id);
        await neverIgnore(dependencies.homeserver, user_id, dependencies.settings.bot);
      } catch (error) {
        if (!(error instanceof MatrixRefused)) throw error;
        refused += 1;
        last = error;
      }
    }
    const end = page.rows.at(-1);
    if (end === undefined || page.rows.length < PAGE) break;
    after = end.user_id;
  }
  if (last !== undefined)
    dependencies.log.warn(
      { accounts: refused, errcode: last.errcode, status: last.status },
      "Synapse refused to set the notifications of some accounts; the others are set",
    );
}
