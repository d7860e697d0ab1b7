import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import { refOfEvent } from "../messages/outbox.ts";
import { relationOf } from "../messages/relation.ts";
import type { EventId, Username } from "../policy/model.ts";
import { userIdOf } from "../policy/names.ts";
import type { Transaction } from "../store/database.ts";
import { acknowledge, openThread } from "./answers.ts";
import { type Arrival, type Notice, noticeOf } from "./arrival.ts";
import { commit, send } from "./carry-out.ts";
import { ACKNOWLEDGE, nameOf, REPLY, sameKey } from "./notice.ts";
import type { ArrivalParts } from "./parts.ts";
import { answerTo, passOn } from "./pass-on.ts";
import * as refs from "./refs.ts";
import { lockArrival } from "./store.ts";
import * as words from "./words.ts";

/** What a recipient does in their arrivals room: ✅, ↩️, a quick answer, a reply. */
export function arrivalEvents(parts: ArrivalParts): EventHandler {
  return {
    name: "arrivals",
    handle: async (tx, event) => {
      if (event.type !== "m.reaction" && event.type !== "m.room.message") return;
      if (event.sender === parts.policy.bot) return;
      const owner = await ownerOf(tx, event);
      // Only the recipient answers. Nobody else can write in the room, and if they could, it would change nothing.
      if (owner === null || event.sender !== userIdOf(parts.policy, owner)) return;
      if (event.type === "m.reaction") await reacted(tx, parts, owner, event);
      else await wrote(tx, parts, owner, event);
    },
  };
}

/** Whose arrivals room the event is in; null: it is in another kind of room. */
async function ownerOf(tx: Transaction, event: MatrixEvent): Promise<Username | null> {
  const found = await tx.query<{ username: Username }>(
    "SELECT username FROM conversations WHERE room_id = $1 AND kind = 'arrivals'",
    [event.room_id],
  );
  return found.rows[0]?.username ?? null;
}

async function reacted(
  tx: Transaction,
  parts: ArrivalParts,
  owner: Username,
  event: MatrixEvent,
): Promise<void> {
  const relation = relationOf(event);
  if (relation?.kind !== "reaction") return;
  const about = await noticeAt(tx, parts, owner, relation.to);
  // Taken back meanwhile, or an earlier posting of it: too late.
  if (about === null || !about.current) return;
  const { arrival, notice } = about;
  const directory = await parts.directory.within(tx);
  const at = new Date(event.origin_server_ts);
  if (sameKey(relation.key, ACKNOWLEDGE)) {
    const change = acknowledge(arrival, owner, at);
    if (change !== null) await commit(tx, parts, directory, [change]);
    return;
  }
  if (sameKey(relation.key, REPLY)) {
    const opened = openThread(arrival, owner);
    if (opened === null) return;
    await commit(tx, parts, directory, [{ arrival: opened, effects: [] }]);
    const text = words.writeHere(nameOf(directory, arrival.markedBy));
    await send(tx, [answerTo(owner, refs.threadRef(arrival, notice), text, refs.noticeRef(arrival, notice))]);
    return;
  }
  const quick = parts.settings.quickReplies.find(({ key }) => sameKey(key, relation.key));
  if (quick === undefined) return;
  await answered(tx, parts, owner, event, about, { msgtype: "m.text", body: quick.text });
}

async function wrote(
  tx: Transaction,
  parts: ArrivalParts,
  owner: Username,
  event: MatrixEvent,
): Promise<void> {
  const relation = relationOf(event);
  switch (relation?.kind) {
    case "thread":
    case "reply": {
      const targets = relation.kind === "reply" ? [relation.to] : [relation.root, relation.answers];
      for (const target of targets) {
        const about = target === null ? null : await noticeAt(tx, parts, owner, target);
        if (about !== null) return answered(tx, parts, owner, event, about, event.content);
      }
      break;
    }
    case "edit":
    case "reaction":
      return;
    case undefined:
      break;
    default:
      relation satisfies never;
  }
  await send(tx, [answerTo(owner, refs.answerRef(event.event_id), words.notAReply, null)]);
}

async function answered(
  tx: Transaction,
  parts: ArrivalParts,
  owner: Username,
  event: MatrixEvent,
  { arrival, notice }: About,
  content: MatrixEvent["content"],
): Promise<void> {
  const at = new Date(event.origin_server_ts);
  const directory = await parts.directory.within(tx);
  const reply = { arrival, from: owner, event: event.event_id, at, content };
  const failure = await passOn(tx, parts, directory, reply);
  if (failure === null) return;
  const thread = notice.shown ? refs.noticeRef(arrival, notice) : null;
  await send(tx, [answerTo(owner, refs.answerRef(event.event_id), failure, thread)]);
}

interface About {
  readonly arrival: Arrival;
  readonly notice: Notice;
  /** It is the notice as it stands in the room now. */
  readonly current: boolean;
}

/** The owner's notice that an event of ours was about, its arrival locked; null: it was about none. */
async function noticeAt(
  tx: Transaction,
  parts: ArrivalParts,
  owner: Username,
  event: EventId,
): Promise<About | null> {
  const ref = await refOfEvent(tx, parts.policy.bot, event);
  const about = ref === null ? null : refs.noticeBehind(ref);
  if (about === null || about.username !== owner) return null;
  const arrival = await lockArrival(tx, about.arrival);
  const notice = arrival && noticeOf(arrival, owner);
  if (arrival === null || notice == null) return null;
  return { arrival, notice, current: notice.shown && notice.posting === about.posting };
}
