import type { ConversationId } from "../../policy/model.ts";
import type { Transaction } from "../../store/database.ts";
import { checkRoom } from "./queue-checks.ts";
import { ensureConversations, type NewConversation } from "./store.ts";

/** Ids of conversations by their natural keys. */
export type ConversationIds = ReadonlyMap<string, ConversationId>;

/**
 * The ids of conversations by their natural keys. Missing ones are created, and their rooms requested.
 * @param seen ids that were already looked up; an id never changes.
 */
export async function conversationIds(
  tx: Transaction,
  wanted: readonly NewConversation[],
  seen: ConversationIds = new Map(),
): Promise<ConversationIds> {
  if (wanted.every(({ naturalKey }) => seen.has(naturalKey))) return seen;
  const known = await knownConversationIds(tx, wanted);
  const missing = wanted.filter(({ naturalKey }) => !known.has(naturalKey));
  if (missing.length === 0) return known;
  for (const id of await ensureConversations(tx, missing)) await checkRoom(tx, id);
  return knownConversationIds(tx, wanted);
}

/** The ones that exist. */
export async function knownConversationIds(
  tx: Transaction,
  wanted: readonly NewConversation[],
): Promise<ConversationIds> {
  if (wanted.length === 0) return new Map();
  const found = await tx.query<{ id: ConversationId; natural_key: string }>(
    "SELECT id, natural_key FROM conversations WHERE natural_key = ANY($1)",
    [wanted.map(({ naturalKey }) => naturalKey)],
  );
  return new Map(found.rows.map((row) => [row.natural_key, row.id]));
}
