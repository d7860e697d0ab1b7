import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { MatrixEvent } from "../../messages/event.ts";
import { REF_KEY, wakeOutbox } from "../../messages/outbox.ts";
import type { ConversationId, EventId, RoomId, UserId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import { type Homeserver, MatrixRefused, path } from "../homeserver/homeserver.ts";

/**
 * After this many refusals a send becomes a dead letter, so that later sends are not blocked (a quarter of an hour with
 * the jobs' back-off). Counts refusals that may be temporary, and refusals in a room that cannot be repaired.
 */
const MAX_REFUSALS = 20;

/** May be temporary: not signed in, too slow, too early. Too many requests (429) count as away. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 425]);
/** May be because the room is not as it should be: its sender is not in it, or it is gone. */
const ABOUT_THE_ROOM: ReadonlySet<number> = new Set([403, 404]);

/** Sends per turn of a conversation, so that a burst in a few conversations does not make all others wait. */
const AT_ONCE = 8;

/**
 * Milliseconds between a message and what follows from it, such as its buttons. Synapse handles one request at a time:
 * anything sent straight away delays the message on its way to the people who wait for it.
 */
const BREATH = 20;

interface Row {
  seq: number;
  ref: string;
  room_id: RoomId;
  as_user: UserId | null;
  type: string;
  content: Record<string, unknown>;
  target_ref: string | null;
  target_event: EventId | null;
  target_sent: EventId | null;
  attempted_at: Date | null;
  attempts: number;
}

export interface OutboxSenderDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly bot: UserId;
  /**
   * Refetches the conversation's room and makes it what it should be, with this sender in it if they belong there.
   * @throws if that could not be done now: MatrixRefused if the homeserver refused.
   */
  readonly repair: (conversation: ConversationId, sender: UserId) => Promise<void>;
  /** Called after a send is given up and recorded. Whoever queued it decides what that means, by its ref. */
  readonly onDropped: (send: { ref: string; type: string; errcode: string }) => void;
}

/**
 * The job `outbox`: sends what waits for a conversation, in order and exactly once. The Matrix transaction id comes
 * from the ref, so a repeated call within Synapse's memory of it sends nothing twice. A repetition after that, or after
 * a restart of Synapse, first looks in the room for the event with the ref.
 * @param lookedFor the ref of the send for which the room has just been checked and repaired.
 */
export async function drainOutbox(
  dependencies: OutboxSenderDependencies,
  conversation: ConversationId,
  lookedFor?: string,
): Promise<void> {
  const rows = await claim(dependencies.database, conversation);
  const sent = new Map<string, EventId>();
  let begun = 0;
  let more = rows.length === AT_ONCE;
  let looked: string | undefined;
  let before: string | null = null;
  try {
    for (const row of rows) {
      if (row.target_ref !== null && row.target_ref === before) await wait(BREATH);
      begun++;
      const outcome = await sendRow(
        dependencies,
        conversation,
        row,
        row.target_event ?? row.target_sent ?? eventOf(sent, row.target_ref),
        row.ref === lookedFor,
      );
      if (outcome === "looked at") {
        looked = row.ref;
        break;
      }
      if (outcome === "begin anew") {
        more = true;
        break;
      }
      if (outcome !== "left out") sent.set(row.ref, outcome);
      before = row.ref;
    }
  } finally {
    await settle(dependencies.database, rows[0]?.room_id, sent, rows.slice(begun));
  }
  // Immediately, while the check is fresh, and perhaps in another room. A job checks for one send only: if it is
  // refused again, it is given up and ends the job.
  if (looked !== undefined) return drainOutbox(dependencies, conversation, looked);
  // More sends may wait here, and others elsewhere: the rest is sent when it is this conversation's turn again.
  if (more) await wakeOutbox(dependencies.database, [conversation]);
}

const eventOf = (sent: ReadonlyMap<string, EventId>, ref: string | null): EventId | null =>
  ref === null ? null : (sent.get(ref) ?? null);

/**
 * The next sends, marked as attempted before they are made: from here on they may have happened. They are locked before
 * they are chosen, since someone who withdraws a send may be about to commit that. None while the room is still to be
 * made; making it wakes this outbox.
 */
async function claim(database: Database, conversation: ConversationId): Promise<Row[]> {
  const claimed = await database.query<Omit<Row, "seq"> & { seq: string }>(
    `UPDATE outbox AS o SET attempted_at = coalesce(o.attempted_at, clock_timestamp())
     FROM (SELECT w.seq, w.attempted_at, c.room_id, t.event_id AS target_sent
           FROM outbox w JOIN conversations c ON c.id = w.conversation_id AND c.room_id IS NOT NULL
             -- What was sent into a room that has been replaced since is out of reach.
             LEFT JOIN outbox t ON t.ref = w.target_ref AND t.room_id = c.room_id
           WHERE w.conversation_id = $1 AND w.sent_at IS NULL AND w.dropped_at IS NULL
           ORDER BY w.seq LIMIT $2 FOR UPDATE OF w) AS next
     WHERE o.seq = next.seq
     RETURNING o.seq, o.ref, next.room_id, o.as_user, o.type, o.content, o.target_ref, o.target_event,
               next.target_sent, next.attempted_at, o.attempts`,
    [conversation, AT_ONCE],
  );
  return claimed.rows
    .map((row) => ({ ...row, seq: Number(row.seq) }))
    .toSorted((one, other) => one.seq - other.seq);
}

/**
 * Records what was sent, and returns sends that were claimed but not begun: they may still be withdrawn. This need not
 * be on the disk immediately: after a power cut the claim is there, and what was sent is found in the room. A send into
 * a room that was replaced meanwhile reached nobody, and is repeated in the next one.
 */
async function settle(
  database: Database,
  room: RoomId | undefined,
  sent: ReadonlyMap<string, EventId>,
  untouched: readonly Row[],
): Promise<void> {
  if (sent.size > 0)
    await database.query(
      `WITH later AS (SELECT set_config('synchronous_commit', 'off', true))
       UPDATE outbox AS o SET event_id = s.event_id, room_id = $3, sent_at = now(), last_error = NULL
       FROM unnest($1::text[], $2::text[]) AS s(ref, event_id), later
       WHERE o.ref = s.ref AND EXISTS (SELECT FROM conversations c WHERE c.id = o.conversation_id AND c.room_id = $3)`,
      [[...sent.keys()], [...sent.values()], room],
    );
  const first = untouched.filter(({ attempted_at }) => attempted_at === null).map(({ seq }) => seq);
  if (first.length > 0)
    await database.query("UPDATE outbox SET attempted_at = NULL WHERE seq = ANY($1)", [first]);
}

/**
 * Sends one.
 * @returns its event; `left out`: it blocks nothing behind it; `looked at`: the room was repaired for it, and may be
 * another one now; `begin anew`: its refusals were tries of this job, so the next send begins with a job of its own.
 * @throws errors that may be temporary.
 */
async function sendRow(
  dependencies: OutboxSenderDependencies,
  conversation: ConversationId,
  row: Row,
  target: EventId | null,
  looked: boolean,
): Promise<EventId | "left out" | "looked at" | "begin anew"> {
  if (row.target_ref !== null && target === null) {
    // Its target was never sent into this room, so there is nothing to react to or to redact.
    await drop(dependencies, row, "TARGET_NOT_SENT");
    return "left out";
  }
  try {
    const earlier = row.attempted_at === null ? null : await findSent(dependencies, row, target);
    return earlier ?? (await send(dependencies, row, target));
  } catch (error) {
    if (!(error instanceof MatrixRefused)) throw error;
    return refused(dependencies, conversation, row, error, looked);
  }
}

/**
 * The homeserver refused. Only a refusal that may be temporary is worth making later sends wait. A refusal about the
 * room is final only just after a check of the room that was not itself refused.
 * @throws the refusal if it may be temporary.
 */
async function refused(
  dependencies: OutboxSenderDependencies,
  conversation: ConversationId,
  row: Row,
  error: MatrixRefused,
  looked: boolean,
): Promise<"left out" | "looked at" | "begin anew"> {
  const { errcode, status } = error;
  if (errcode === "M_DUPLICATE_ANNOTATION") {
    // A second reaction with the same key already exists: that is what was asked for.
    await drop(dependencies, row, errcode);
    return "left out";
  }
  const aboutTheRoom = ABOUT_THE_ROOM.has(status);
  if (aboutTheRoom && !looked && (await putRight(dependencies, conversation, row))) return "looked at";
  await countRefusal(dependencies.database, row, errcode);
  const mayPass = PASSING.has(status) || (aboutTheRoom && !looked);
  if (mayPass && row.attempts + 1 < MAX_REFUSALS) throw error;
  await drop(dependencies, row, errcode);
  return row.attempts > 0 || looked ? "begin anew" : "left out";
}

/** @returns whether the room was checked and is as it should be; false: the homeserver refused that too. */
async function putRight(
  dependencies: OutboxSenderDependencies,
  conversation: ConversationId,
  row: Row,
): Promise<boolean> {
  try {
    await dependencies.repair(conversation, row.as_user ?? dependencies.bot);
    return true;
  } catch (error) {
    if (error instanceof MatrixRefused) return false;
    throw error;
  }
}

async function countRefusal(database: Database, row: Row, errcode: string): Promise<void> {
  await database.query("UPDATE outbox SET attempts = attempts + 1, last_error = $2 WHERE seq = $1", [
    row.seq,
    errcode,
  ]);
}

async function drop(dependencies: OutboxSenderDependencies, row: Row, errcode: string): Promise<void> {
  await dependencies.database.query("UPDATE outbox SET dropped_at = now(), last_error = $2 WHERE seq = $1", [
    row.seq,
    errcode,
  ]);
  if (errcode !== "M_DUPLICATE_ANNOTATION") dependencies.onDropped({ ref: row.ref, type: row.type, errcode });
}

async function send(
  { homeserver, bot }: OutboxSenderDependencies,
  row: Row,
  target: EventId | null,
): Promise<EventId> {
  const txn = transactionId(row.ref);
  const as = row.as_user ?? bot;
  const masquerade = as === bot ? {} : { as };
  if (row.type === "m.room.redaction") {
    const sent = await homeserver.call<{ event_id: EventId }>({
      method: "PUT",
      path: path`/_matrix/client/v3/rooms/${row.room_id}/redact/${target ?? ""}/${txn}`,
      ...masquerade,
      body: { ...row.content, [REF_KEY]: row.ref },
    });
    return sent.event_id;
  }
  const sent = await homeserver.call<{ event_id: EventId }>({
    method: "PUT",
    path: path`/_matrix/client/v3/rooms/${row.room_id}/send/${row.type}/${txn}`,
    ...masquerade,
    body: { ...aboutTarget(row.content, target), [REF_KEY]: row.ref },
  });
  return sent.event_id;
}

/** The content with its target's event id where its relation needs it: of an event, or of a reply. */
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

/** Looks for the event that an interrupted try may have sent, back to the time of the first try. */
async function findSent(
  { database, homeserver }: OutboxSenderDependencies,
  row: Row,
  target: EventId | null,
): Promise<EventId | null> {
  const stored = await database.query<{ event_id: EventId }>(
    "SELECT event_id FROM inbox WHERE room_id = $1 AND event->'content'->>$2 = $3 AND received_at >= $4",
    [row.room_id, REF_KEY, row.ref, new Date((row.attempted_at ?? new Date()).getTime() - 1_000)],
  );
  const known = stored.rows[0]?.event_id;
  if (known !== undefined) return known;
  const since = (row.attempted_at ?? new Date()).getTime() - 60_000;
  let from: string | undefined;
  for (;;) {
    const page = await homeserver.call<{ chunk: MatrixEvent[]; end?: string }>({
      method: "GET",
      path: path`/_matrix/client/v3/rooms/${row.room_id}/messages`,
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
