import { expectedAccount } from "../../../src/appservice/accounts/expected-account.ts";
import { conversationAbout } from "../../../src/conversations/record/keys.ts";
import {
  type ConversationRow,
  conversationColumns,
  conversationOf,
  ensureConversations,
} from "../../../src/conversations/record/store.ts";
import { conversationsOf } from "../../../src/policy/conversations/conversations-of.ts";
import { groupHandleOf, userIdOf } from "../../../src/policy/names/names.ts";
import { expectedRoom } from "../../../src/policy/rooms/expected-room.ts";
import type { House } from "./conversations.ts";

/**
 * Makes everything as it should be, as if Synapse had done all that it was asked to: every account, and everyone in
 * their rooms.
 */
export async function furnish({
  database,
  dependencies,
}: Pick<House, "database" | "dependencies">): Promise<void> {
  const { settings } = dependencies;
  const directory = await dependencies.directory.fresh();
  await ensureConversations(database, conversationsOf(directory).map(conversationAbout));
  const accounts = [
    ...[...directory.users.keys()].map((username) => userIdOf(settings, username)),
    ...[...directory.securityGroups.keys()].map((securityGroup) =>
      groupHandleOf(settings, { securityGroup }),
    ),
    ...[...directory.customGroups.keys()].map((customGroup) => groupHandleOf(settings, { customGroup })),
  ].flatMap((user_id) => {
    const expected = expectedAccount(directory, settings, user_id);
    return expected === null || expected === "departed" ? [] : [{ user_id, ...expected }];
  });
  await database.query(
    `INSERT INTO accounts (user_id, display_name, picture, locked, muted)
     SELECT user_id, "displayName", picture, locked, muted FROM json_to_recordset($1)
       AS a(user_id text, "displayName" text, picture text, locked boolean, muted boolean) ON CONFLICT DO NOTHING`,
    [JSON.stringify(accounts)],
  );
  const found = await database.query<ConversationRow & Record<string, unknown>>(
    `UPDATE conversations c SET room_id = coalesce(room_id, '!' || id || ':practice.test') RETURNING ${conversationColumns("c")}`,
  );
  const state: object[] = [];
  const members: object[] = [];
  for (const row of found.rows) {
    const room = expectedRoom(conversationOf(row), directory, settings);
    if (room === null) continue;
    for (const [type, content] of Object.entries(room.state))
      if (content !== null) state.push({ room_id: row.room_id, type, content });
    for (const user_id of room.members)
      members.push({ room_id: row.room_id, user_id, direct: room.direct.has(user_id) });
  }
  await database.query(
    `INSERT INTO rooms (room_id, version, creator) SELECT room_id, '11', $1 FROM conversations ON CONFLICT DO NOTHING`,
    [settings.bot],
  );
  await database.query(
    `INSERT INTO room_state (room_id, type, content, event_id) SELECT room_id, type, content, '' FROM json_to_recordset($1)
       AS s(room_id text, type text, content jsonb) ON CONFLICT DO NOTHING`,
    [JSON.stringify(state)],
  );
  await database.query(
    `INSERT INTO room_members (room_id, user_id, membership, direct, event_id)
     SELECT room_id, user_id, 'join', direct, '' FROM json_to_recordset($1)
       AS m(room_id text, user_id text, direct boolean) ON CONFLICT DO NOTHING`,
    [JSON.stringify(members)],
  );
  await database.query("UPDATE directory_changes SET followed = true");
  await database.query("DELETE FROM account_checks");
  await database.query("DELETE FROM room_checks");
  await database.query(
    `DELETE FROM graphile_worker._private_jobs j USING graphile_worker._private_tasks t
     WHERE t.id = j.task_id AND t.identifier IN ('room', 'rooms', 'conversations', 'accounts')`,
  );
}
