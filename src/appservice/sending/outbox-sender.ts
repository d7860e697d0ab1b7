import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { MatrixEvent } from "../../messages/event.ts";
import { eventWithRef } from "../../messages/inbox-queries.ts";
import { REF_KEY, wakeOutbox } from "../../messages/outbox.ts";
import {
  claimSends,
  countRefusal,
  type DueSend,
  dropSend,
  isOvertaken,
  settleSends,
} from "../../messages/outbox-queue.ts";
import type { PurposeKind } from "../../messages/purpose.ts";
import type { ConversationId, EventId, UserId } from "../../policy/model.ts";
import type { Database } from "../../store/database.ts";
import { addJob } from "../../store/jobs.ts";
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

/** The send is about another that is not in this room. */
const NO_TARGET = "TARGET_NOT_SENT";

/** Said in a thread or as a reply, but worth reading without it. */
const SAYS_SOMETHING: ReadonlySet<PurposeKind> = new Set(["sentence", "answer", "repetition"]);

/** Sends per turn of a conversation, so that a burst in a few conversations does not make all others wait. */
const AT_ONCE = 8;

/**
 * Milliseconds between a message and what follows from it, such as its buttons. Synapse handles one request at a time:
 * anything sent straight away delays the message on its way to the people who wait for it.
 */
const BREATH = 20;

export interface OutboxSenderDependencies {
  readonly database: Database;
  readonly homeserver: Homeserver;
  readonly bot: UserId;
  /**
   * Refetches the conversation's room and makes it what it should be, with this sender in it if they belong there.
   * @throws if that could not be done now: MatrixRefused if the homeserver refused.
   */
  readonly repair: (conversation: ConversationId, sender: UserId) => Promise<void>;
  /**
   * When to look again, if the people who are to read what is sent are not in the room yet; null: send. Bounded:
   * someone who cannot be let in does not hold it back for ever.
   */
  readonly whenReadersAreIn: (conversation: ConversationId) => Promise<Date | null>;
  /** Called after a send is given up and recorded. What that means follows as a job. */
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
  const later = await dependencies.whenReadersAreIn(conversation);
  if (later !== null) {
    const queue = `outbox:${conversation}`;
    return addJob(
      dependencies.database,
      "outbox",
      { conversation_id: conversation },
      { queue, runAt: later },
    );
  }
  const rows = await claimSends(dependencies.database, conversation, AT_ONCE);
  const sent = new Map<string, EventId>();
  let begun = 0;
  let more = rows.length === AT_ONCE;
  let looked: string | undefined;
  let before: string | null = null;
  try {
    for (const row of rows) {
      if (row.target_ref !== null && row.target_ref === before) await wait(BREATH);
      // Those that people wait for do not wait for the buttons of the ones before. Their job takes the rest with it.
      if (await isOvertaken(dependencies.database, conversation, row, rows)) break;
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
      if (outcome === "start again") {
        more = true;
        break;
      }
      if (outcome !== "left out") sent.set(row.ref, outcome);
      before = row.ref;
    }
  } finally {
    await settleSends(dependencies.database, rows[0]?.room_id, sent, rows.slice(begun));
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
 * Makes one send.
 * @returns its event; `left out`: it blocks nothing behind it; `looked at`: the room was repaired for it, and may be
 * another one now; `start again`: its refusals were tries of this job, so the next send begins with a job of its own.
 * @throws errors that may be temporary.
 */
async function sendRow(
  dependencies: OutboxSenderDependencies,
  conversation: ConversationId,
  row: DueSend,
  target: EventId | null,
  looked: boolean,
): Promise<EventId | "left out" | "looked at" | "start again"> {
  if (row.target_ref !== null && target === null) {
    if (SAYS_SOMETHING.has(row.purpose.is))
      return sendRow(dependencies, conversation, alone(row), null, looked);
    // Its target was never sent into this room, so there is nothing to react to or to redact.
    await drop(dependencies, row, NO_TARGET);
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

function alone(row: DueSend): DueSend {
  const { "m.relates_to": _relation, ...content } = row.content;
  return { ...row, content, target_ref: null };
}

/**
 * The homeserver refused. Only a refusal that may be temporary is worth making later sends wait. A refusal about the
 * room is final only just after a check of the room that was not itself refused.
 * @throws the refusal if it may be temporary.
 */
async function refused(
  dependencies: OutboxSenderDependencies,
  conversation: ConversationId,
  row: DueSend,
  error: MatrixRefused,
  looked: boolean,
): Promise<"left out" | "looked at" | "start again"> {
  const { errcode, status } = error;
  if (errcode === "M_DUPLICATE_ANNOTATION") {
    // A second reaction with the same key already exists: that is what was asked for.
    await drop(dependencies, row, errcode);
    return "left out";
  }
  const aboutTheRoom = ABOUT_THE_ROOM.has(status);
  if (aboutTheRoom && !looked && (await putRight(dependencies, conversation, row))) return "looked at";
  await countRefusal(dependencies.database, row.seq, errcode);
  const mayPass = PASSING.has(status) || (aboutTheRoom && !looked);
  if (mayPass && row.attempts + 1 < MAX_REFUSALS) throw error;
  await drop(dependencies, row, errcode);
  return row.attempts > 0 || looked ? "start again" : "left out";
}

/** @returns whether the room was checked and is as it should be; false: the homeserver refused that too. */
async function putRight(
  dependencies: OutboxSenderDependencies,
  conversation: ConversationId,
  row: DueSend,
): Promise<boolean> {
  try {
    await dependencies.repair(conversation, row.as_user ?? dependencies.bot);
    return true;
  } catch (error) {
    if (error instanceof MatrixRefused) return false;
    throw error;
  }
}

async function drop(dependencies: OutboxSenderDependencies, row: DueSend, errcode: string): Promise<void> {
  await dependencies.database.transaction(async (tx) => {
    await dropSend(tx, row.seq, errcode);
    // No one misses something that is about nothing, or that is there already.
    if (errcode !== NO_TARGET && errcode !== "M_DUPLICATE_ANNOTATION")
      await addJob(tx, "given_up", { ref: row.ref }, { key: `given_up:${row.ref}` });
  });
  if (errcode !== "M_DUPLICATE_ANNOTATION") dependencies.onDropped({ ref: row.ref, type: row.type, errcode });
}

async function send(
  { homeserver, bot }: OutboxSenderDependencies,
  row: DueSend,
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
  row: DueSend,
  target: EventId | null,
): Promise<EventId | null> {
  const tried = (row.attempted_at ?? new Date()).getTime();
  const known = await eventWithRef(database, row.room_id, row.ref, new Date(tried - 1_000));
  if (known !== null) return known;
  const since = tried - 60_000;
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
