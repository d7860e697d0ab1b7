import type {
  Conversation,
  ConversationId,
  ConversationKind,
  RoomId,
  SecurityGroupId,
  Username,
} from "../../policy/model.ts";
import { onlyRow, type Queryable } from "../../store/database.ts";

/** A conversation and its room. */
export interface StoredConversation {
  readonly conversation: Conversation;
  /** Null: its room has not been made yet. */
  readonly roomId: RoomId | null;
}

export interface ConversationRow {
  id: ConversationId;
  kind: ConversationKind;
  username: Username | null;
  other_username: Username | null;
  security_group: SecurityGroupId | null;
  revision: string;
  room_id: RoomId | null;
}

/** The columns of a `ConversationRow`, from the table or alias `of`. */
export const conversationColumns = (of: string): string =>
  ["id", "kind", "username", "other_username", "security_group", "revision", "room_id"]
    .map((column) => `${of}.${column}`)
    .join(", ");

const COLUMNS = conversationColumns("conversations");

export async function conversationById(
  db: Queryable,
  id: ConversationId,
): Promise<StoredConversation | null> {
  const found = await db.query<ConversationRow>(`SELECT ${COLUMNS} FROM conversations WHERE id = $1`, [id]);
  return found.rows[0] ? stored(found.rows[0]) : null;
}

export async function conversationOfRoom(db: Queryable, room: RoomId): Promise<StoredConversation | null> {
  const found = await db.query<ConversationRow>(`SELECT ${COLUMNS} FROM conversations WHERE room_id = $1`, [
    room,
  ]);
  return found.rows[0] ? stored(found.rows[0]) : null;
}

/** A conversation created by its natural key: any kind except custom, which has its own table of members. */
export interface NewConversation {
  readonly kind: Exclude<ConversationKind, "custom">;
  readonly naturalKey: string;
  readonly username?: Username;
  readonly otherUsername?: Username;
  readonly securityGroup?: SecurityGroupId;
}

/** Creates the missing conversations in one statement. @returns the ids of those created. */
export async function ensureConversations(
  db: Queryable,
  wanted: readonly NewConversation[],
): Promise<ConversationId[]> {
  if (wanted.length === 0) return [];
  const made = await db.query<{ id: ConversationId }>(
    `INSERT INTO conversations (kind, natural_key, username, other_username, security_group)
     SELECT kind, natural_key, username, other_username, security_group
     FROM json_to_recordset($1)
       AS c(kind text, natural_key text, username text, other_username text, security_group text)
     ON CONFLICT (natural_key) DO NOTHING RETURNING id`,
    [
      JSON.stringify(
        wanted.map((each) => ({
          kind: each.kind,
          natural_key: each.naturalKey,
          username: each.username ?? null,
          other_username: each.otherUsername ?? null,
          security_group: each.securityGroup ?? null,
        })),
      ),
    ],
  );
  return made.rows.map((row) => row.id);
}

/** The conversation with this natural key, created if missing. */
export async function ensureConversation(
  db: Queryable,
  wanted: NewConversation,
): Promise<StoredConversation & { created: boolean }> {
  const [made] = await ensureConversations(db, [wanted]);
  const row = onlyRow(
    await db.query<ConversationRow>(`SELECT ${COLUMNS} FROM conversations WHERE natural_key = $1`, [
      wanted.naturalKey,
    ]),
  );
  return { ...stored(row), created: made !== undefined };
}

/** The conversations that match a condition on the table `conversations`, with its values. */
async function conversationsWhere(
  db: Queryable,
  condition: string,
  values: readonly unknown[],
): Promise<StoredConversation[]> {
  const found = await db.query<ConversationRow>(
    `SELECT ${COLUMNS} FROM conversations WHERE ${condition}`,
    values,
  );
  return found.rows.map(stored);
}

/** The conversations that belong to one or two people, for each of these people. */
export const ownConversations = (
  db: Queryable,
  usernames: readonly Username[],
): Promise<StoredConversation[]> =>
  conversationsWhere(db, "username = ANY($1) OR other_username = ANY($1)", [usernames]);

/** The conversations of the whole practice, of these security groups, and these custom groups. */
export const sharedConversations = (
  db: Queryable,
  groups: readonly SecurityGroupId[],
  customGroups: readonly ConversationId[],
): Promise<StoredConversation[]> =>
  conversationsWhere(
    db,
    "kind IN ('alerts', 'admin') OR (kind = 'group' AND security_group = ANY($1)) OR (kind = 'custom' AND id = ANY($2))",
    [groups, customGroups],
  );

/** The conversations after an id, in the order of their ids. `rooms`: only those that these rooms carry. */
export async function conversationsAfter(
  db: Queryable,
  after: string,
  most: number,
  rooms: readonly RoomId[] | null,
): Promise<readonly StoredConversation[]> {
  return conversationsWhere(
    db,
    "id > $1 AND ($2::text[] IS NULL OR room_id = ANY($2)) ORDER BY id LIMIT $3",
    [after, rooms, most],
  );
}

function stored(row: ConversationRow): StoredConversation {
  return { conversation: conversationOf(row), roomId: row.room_id };
}

export function conversationOf(row: ConversationRow): Conversation {
  const base = { id: row.id, revision: Number(row.revision) };
  const { kind } = row;
  switch (kind) {
    case "alerts":
    case "admin":
    case "custom":
      return { ...base, kind };
    case "arrivals":
    case "control":
      return { ...base, kind, user: required(row.username) };
    case "individual":
      return { ...base, kind, pair: [required(row.username), required(row.other_username)] };
    case "group":
      return { ...base, kind, securityGroup: required(row.security_group) };
    default:
      return kind satisfies never;
  }
}

function required<T>(value: T | null): T {
  if (value === null) throw new Error("a conversation without what its kind needs");
  return value;
}
