import type { ConversationId, UserId } from "../policy/model.ts";
import type { Database, Transaction } from "../store/database.ts";
import type { Purpose, PurposeKind } from "./purpose.ts";

/** A send that the homeserver refused for good. */
export type GivenUpSend<Kind extends PurposeKind = PurposeKind> = {
  readonly [Is in Kind]: {
    readonly is: Is;
    readonly purpose: Purpose<Is>;
    readonly ref: string;
    readonly conversation: ConversationId;
    /** Null: the bot. */
    readonly as: UserId | null;
    readonly type: string;
    readonly content: Readonly<Record<string, unknown>>;
  };
}[Kind];

/**
 * `may be retried`: it stays a dead letter. `settled`: someone has been told to act instead, and to send it later would
 * be wrong.
 */
export type GivenUpOutcome = "may be retried" | "settled";

/**
 * What it means that a send is given up, by its purpose: rows and more sends, in the given transaction. It may be
 * called again for the same send.
 */
export type GivenUpHandlers = {
  readonly [Is in PurposeKind]: (tx: Transaction, send: GivenUpSend<Is>) => Promise<GivenUpOutcome>;
};

/** The job `given_up`. */
export async function settleGivenUp(
  database: Database,
  handlers: GivenUpHandlers,
  ref: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    // Not locked: a handler locks its own rows first, and a transaction that holds those may wait for the outbox.
    const found = await tx.query<Omit<GivenUpSend, "is"> & Record<string, unknown>>(
      `SELECT ref, purpose, conversation_id AS conversation, as_user AS as, type, content FROM outbox
       WHERE ref = $1 AND dropped_at IS NOT NULL AND attempts > 0`,
      [ref],
    );
    const [send] = found.rows;
    // It is being tried again, or was discarded.
    if (send === undefined) return;
    if ((await outcomeOf(tx, handlers, { ...send, is: send.purpose.is } as GivenUpSend)) === "settled")
      await tx.query("UPDATE outbox SET attempts = 0 WHERE ref = $1 AND dropped_at IS NOT NULL", [ref]);
  });
}

const outcomeOf = <Kind extends PurposeKind>(
  tx: Transaction,
  handlers: GivenUpHandlers,
  send: GivenUpSend<Kind>,
): Promise<GivenUpOutcome> => handlers[send.is](tx, send);
