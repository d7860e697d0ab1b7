import { isArchived } from "../../policy/conversations/visibility.ts";
import type {
  Conversation,
  ConversationId,
  ConversationKind,
  Directory,
  PracticeSettings,
  RoomId,
  Username,
} from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { usernameAsKnown } from "../../policy/names/spelling.ts";
import { otherOf } from "../../policy/people/individual.ts";
import { membersOf } from "../../policy/people/members.ts";
import { securityGroupsOf } from "../../policy/people/permissions.ts";
import { belongsTo } from "../../policy/rooms/expected-members.ts";
import { conversationName } from "../../policy/rooms/expected-room.ts";
import * as words from "../../policy/words.ts";
import type { Queryable } from "../../store/database.ts";
import type { ListDependencies } from "../record/dependencies.ts";
import { type ConversationRow, conversationColumns, conversationOf } from "../record/store.ts";
import { UNREAD } from "./unread.ts";
import { activeAt } from "./views.ts";

export interface ListedConversation {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly name: string;
  readonly room_id: RoomId | null;
  readonly unread: number;
  readonly last_activity_at: Date | null;
  readonly archived: boolean;
}

interface Row extends ConversationRow {
  readonly last_activity_at: Date | null;
  readonly opened_at: Date | null;
  readonly marked_unread: boolean | null;
  readonly unread: string;
  readonly unread_since: string;
}

/** A user's conversations, latest activity first, in one statement; null: there is no such user. */
export async function listConversations(
  { directory: snapshot, settings, archiveAfter, now: clock }: ListDependencies,
  db: Queryable,
  name: Username,
  { includeArchived }: { readonly includeArchived: boolean },
): Promise<readonly ListedConversation[] | null> {
  const directory = await snapshot.within(db);
  const username = usernameAsKnown(directory, name);
  if (!directory.users.has(username)) return null;
  const now = clock().getTime();
  return (await rowsOf(settings, db, directory, username)).flatMap((row) => {
    const conversation = conversationOf(row);
    if (!belongsTo(conversation, directory, username)) return [];
    const activity = {
      lastActivityAt: activeAt(row.last_activity_at, row.opened_at),
      read: row.unread === "0" && row.marked_unread !== true,
    };
    const archived = isArchived(activity, archiveAfter, now);
    if (archived && !includeArchived) return [];
    return {
      id: row.id,
      kind: row.kind,
      name: titleOf(conversation, directory, username),
      room_id: row.room_id,
      unread: Math.max(Number(row.unread_since), row.marked_unread ? 1 : 0),
      last_activity_at: row.last_activity_at,
      archived,
    };
  });
}

function rowsOf(
  settings: PracticeSettings,
  db: Queryable,
  directory: Directory,
  username: Username,
): Promise<readonly Row[]> {
  const customGroups = [...directory.customGroups.keys()].filter((id) =>
    membersOf(directory, id).has(username),
  );
  return db
    .query<Row>(
      `SELECT ${conversationColumns("c")}, c.last_activity_at, view.opened_at, view.marked_unread, count.unread, count.unread_since
       FROM conversations c
       LEFT JOIN room_views view ON view.room_id = c.room_id AND view.user_id = $2
       CROSS JOIN LATERAL (
         SELECT count(*) AS unread,
                count(*) FILTER (WHERE c.kind = 'individual' OR m.position > coalesce(view.since, 0)) AS unread_since
         FROM (${UNREAD("c.room_id", "$2")}) AS m) AS count
       WHERE c.username = $1 OR c.other_username = $1 OR c.kind IN ('alerts', 'admin')
          OR (c.kind = 'group' AND c.security_group = ANY($3)) OR c.id = ANY($4)
       ORDER BY c.last_activity_at DESC NULLS LAST, c.id`,
      [username, userIdOf(settings, username), [...securityGroupsOf(directory, username)], customGroups],
    )
    .then((found) => found.rows);
}

/** What the user's client calls it: an individual conversation by the other's name, the control room by Whisper's. */
export function titleOf(conversation: Conversation, directory: Directory, reader: Username | null): string {
  switch (conversation.kind) {
    case "individual": {
      const people = reader === null ? conversation.pair : [otherOf(conversation.pair, reader)];
      return words.listOfNames(people.map((each) => directory.users.get(each)?.name ?? words.unknownPerson));
    }
    case "control":
      return words.whisper;
    default:
      return conversationName(conversation, directory) ?? words.emptyGroup;
  }
}
