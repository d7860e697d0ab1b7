import { createHash } from "node:crypto";
import type { MatrixEvent } from "../messages/event.ts";
import { REF_KEY, wakeOutbox } from "../messages/outbox.ts";
import type { ConversationId, EventId, RoomId, UserId } from "../policy/model.ts";
import type { Database } from "../store/database.ts";
import { type Homeserver, MatrixRefused, path } from "./homeserver.ts";

/**
 * A send that the homeserver refuses this often (with the jobs' back-off, a quarter of an hour) becomes a dead letter,
 * so that what comes after it goes on.
 */
const MAX_REFUSALS = 20;

/** Sends of one conversation in a row, so that a burst in a few of them does not keep everybody else waiting. */
const AT_ONCE = 5;

interface Row {
  seq: string;
  ref: string;
  as_user: UserId | null;
  type: string;
  content: Record<string, unknown>;
  target_ref: string | null;
  target_event: EventId | null;
  target_sent: EventId | null;
  target_dropped: boolean;
  attempted_at: Date | null;
  attempts: number;
}

export interface SenderParts {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly bot: UserId;
  /** Told of a send that was given up, for the log and the metrics. */
  readonly onDropped: (send: { type: string; errcode: string }) => void;
}

/**
 * The job `outbox`: sends what waits for a conversation, in order and exactly once. The Matrix transaction id is made
 * from the ref, so a repeated call within Synapse's memory of it sends nothing twice; a repetition after that, or
 * after Synapse restarted, first looks in the room for the event that bears the ref.
 */
export async function drainOutbox(parts: SenderParts, conversation: ConversationId): Promise<void> {
  const room = await roomOf(parts.database, conversation);
  // The room is still to be made; making it wakes this outbox.
  if (room === null) return;
  for (let sent = 0; sent < AT_ONCE; sent++) {
    const row = await nextRow(parts.database, conversation);
    if (row === null) return;
    await sendRow(parts, room, row);
  }
  // More may wait, and so may others: the rest comes when it is this conversation's turn again.
  await wakeOutbox(parts.database, [conversation]);
}

async function roomOf(database: Database, conversation: ConversationId): Promise<RoomId | null> {
  const found = await database.query<{ room_id: RoomId | null }>(
    "SELECT room_id FROM conversations WHERE id = $1",
    [conversation],
  );
  return found.rows[0]?.room_id ?? null;
}

/**
 * The next send, marked as attempted before it is made: from here on it may have happened. Locked before it is chosen,
 * since whoever takes a send back may be about to commit that.
 */
async function nextRow(database: Database, conversation: ConversationId): Promise<Row | null> {
  const found = await database.query<Row>(
    `UPDATE outbox AS o SET attempted_at = coalesce(o.attempted_at, clock_timestamp())
     FROM (SELECT w.seq, w.attempted_at, t.event_id AS target_sent, t.dropped_at IS NOT NULL AS target_dropped
           FROM outbox w LEFT JOIN outbox t ON t.ref = w.target_ref
           WHERE w.conversation_id = $1 AND w.sent_at IS NULL AND w.dropped_at IS NULL
           ORDER BY w.seq LIMIT 1 FOR UPDATE OF w) AS next
     WHERE o.seq = next.seq
     RETURNING o.seq, o.ref, o.as_user, o.type, o.content, o.target_ref, o.target_event, next.target_sent,
               coalesce(next.target_dropped, false) AS target_dropped, next.attempted_at, o.attempts`,
    [conversation],
  );
  return found.rows[0] ?? null;
}

async function sendRow(parts: SenderParts, room: RoomId, row: Row): Promise<void> {
  const target = row.target_event ?? row.target_sent;
  if (row.target_ref !== null && target === null) {
    // What it is about was never sent, so there is nothing to react to or to take back.
    await drop(parts, row, "TARGET_NOT_SENT");
    return;
  }
  try {
    const earlier = row.attempted_at === null ? null : await findSent(parts, room, row, target);
    const event = earlier ?? (await send(parts, room, row, target));
    await parts.database.query(
      "UPDATE outbox SET event_id = $2, sent_at = now(), last_error = NULL WHERE seq = $1",
      [row.seq, event],
    );
  } catch (error) {
    if (!(error instanceof MatrixRefused)) throw error;
    // Whoever reacts twice with the same key has reacted: that is what was asked for.
    if (error.errcode === "M_DUPLICATE_ANNOTATION" || row.attempts + 1 >= MAX_REFUSALS) {
      await drop(parts, row, error.errcode);
      return;
    }
    await parts.database.query("UPDATE outbox SET attempts = attempts + 1, last_error = $2 WHERE seq = $1", [
      row.seq,
      error.errcode,
    ]);
    throw error;
  }
}

async function drop(parts: SenderParts, row: Row, errcode: string): Promise<void> {
  await parts.database.query("UPDATE outbox SET dropped_at = now(), last_error = $2 WHERE seq = $1", [
    row.seq,
    errcode,
  ]);
  if (errcode !== "M_DUPLICATE_ANNOTATION") parts.onDropped({ type: row.type, errcode });
}

async function send(
  { homeserver, bot }: SenderParts,
  room: RoomId,
  row: Row,
  target: EventId | null,
): Promise<EventId> {
  const txn = transactionId(row.ref);
  const as = row.as_user ?? bot;
  const masquerade = as === bot ? {} : { as };
  if (row.type === "m.room.redaction") {
    const sent = await homeserver.call<{ event_id: EventId }>({
      method: "PUT",
      path: path`/_matrix/client/v3/rooms/${room}/redact/${target ?? ""}/${txn}`,
      ...masquerade,
      body: { ...row.content, [REF_KEY]: row.ref },
    });
    return sent.event_id;
  }
  const sent = await homeserver.call<{ event_id: EventId }>({
    method: "PUT",
    path: path`/_matrix/client/v3/rooms/${room}/send/${row.type}/${txn}`,
    ...masquerade,
    body: { ...aboutTarget(row.content, target), [REF_KEY]: row.ref },
  });
  return sent.event_id;
}

/** The content with the event id of what it is about where its relation wants it: of an event, or of a reply. */
function aboutTarget(content: Record<string, unknown>, target: EventId | null): Record<string, unknown> {
  if (target === null) return content;
  const relation = content["m.relates_to"] as { rel_type?: unknown; "m.in_reply_to"?: unknown } | undefined;
  if (relation?.rel_type === undefined)
    return { ...content, "m.relates_to": { "m.in_reply_to": { event_id: target } } };
  const inReplyTo = relation["m.in_reply_to"] === undefined ? {} : { "m.in_reply_to": { event_id: target } };
  return { ...content, "m.relates_to": { ...relation, event_id: target, ...inReplyTo } };
}

/** Deterministic and safe in a path: the same send has the same transaction id for ever. */
const transactionId = (ref: string) => createHash("sha256").update(ref).digest("base64url");

/** Looks for the event that an interrupted try may have sent, back to the moment of the first try. */
async function findSent(
  { database, homeserver }: SenderParts,
  room: RoomId,
  row: Row,
  target: EventId | null,
): Promise<EventId | null> {
  const stored = await database.query<{ event_id: EventId }>(
    "SELECT event_id FROM inbox WHERE room_id = $1 AND event->'content'->>$2 = $3 AND received_at >= $4",
    [room, REF_KEY, row.ref, new Date((row.attempted_at ?? new Date()).getTime() - 1_000)],
  );
  const known = stored.rows[0]?.event_id;
  if (known !== undefined) return known;
  const since = (row.attempted_at ?? new Date()).getTime() - 60_000;
  let from: string | undefined;
  for (;;) {
    const page = await homeserver.call<{ chunk: MatrixEvent[]; end?: string }>({
      method: "GET",
      path: path`/_matrix/client/v3/rooms/${room}/messages`,
      query: { dir: "b", limit: "100", ...(from === undefined ? {} : { from }) },
    });
    const found = page.chunk.find(
      (event) =>
        event.content[REF_KEY] === row.ref ||
        (row.type === "m.room.redaction" && event.type === row.type && event.redacts === target),
    );
    if (found) return found.event_id;
    const oldest = page.chunk.at(-1);
    if (page.end === undefined || oldest === undefined || oldest.origin_server_ts < since) return null;
    from = page.end;
  }
}
