import type { ConversationId, RoomId, Username } from "../policy/model.ts";
import type { Queryable, Transaction } from "../store/database.ts";
import { type EditRequest, editConversation } from "./groups/edit.ts";
import { type ListedConversation, listConversations } from "./list/list.ts";
import { type PathPiece, piecesOf, type ShownConversation, showConversation } from "./list/show.ts";
import { type Opened, type OpenRequest, openConversation } from "./open.ts";
import type { ConversationDependencies } from "./record/dependencies.ts";
import type { Refusal } from "./record/refusal.ts";
import { type RoomNews, roomOf } from "./record/room-of.ts";

/** Someone the editor removed who stays, why, and the sentence that says so. */
export interface StayingMember {
  readonly username: Username;
  readonly reason: string;
  readonly paths: readonly (readonly PathPiece[])[];
}

/**
 * Conversations for callers who act in someone's name: the HTTP API. Functions that take a transaction use no other
 * connection.
 */
export interface Conversations {
  open(tx: Transaction, request: OpenRequest): Promise<Opened | Refusal>;
  edit(
    tx: Transaction,
    id: ConversationId,
    request: EditRequest,
  ): Promise<{ readonly staying: readonly StayingMember[] } | Refusal>;
  /** The conversation's room, waiting a moment if it is being made. Null: it is not there yet. */
  roomOf(id: ConversationId, signal: AbortSignal): Promise<RoomId | null>;
  list(
    db: Queryable,
    username: Username,
    options: { readonly includeArchived: boolean },
  ): Promise<readonly ListedConversation[] | null>;
  show(db: Queryable, id: ConversationId): Promise<ShownConversation | null>;
}

export function conversations(
  dependencies: ConversationDependencies & { readonly database: Queryable; readonly news: RoomNews },
): Conversations {
  return {
    open: (tx, request) => openConversation(dependencies, tx, request),
    edit: async (tx, id, request) => {
      const edited = await editConversation(dependencies, tx, id, request);
      if ("refused" in edited) return edited;
      const directory = await dependencies.directory.within(tx);
      const staying = edited.staying.map(({ username, reason, paths }) => ({
        username,
        reason,
        paths: paths.map((path) => piecesOf(directory, path)),
      }));
      return { staying };
    },
    roomOf: (id, signal) => roomOf(dependencies.database, dependencies.news, id, signal),
    list: (db, username, options) => listConversations(dependencies, db, username, options),
    show: (db, id) => showConversation(dependencies, db, id),
  };
}
