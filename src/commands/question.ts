import { sendToControlRoom } from "../conversations/record/control-room.ts";
import type { StoredConversation } from "../conversations/record/store.ts";
import type { MatrixEvent } from "../messages/event.ts";
import { enqueueSends } from "../messages/outbox.ts";
import { relationOf } from "../messages/relation.ts";
import { noticeMessage, type Rich } from "../messages/rich.ts";
import type { Directory, Username } from "../policy/model.ts";
import type { HandleTarget } from "../policy/names/names.ts";
import { otherOf } from "../policy/people/individual.ts";
import { peopleIn } from "../policy/people/members.ts";
import type { Transaction } from "../store/database.ts";
import { membersOf } from "./members.ts";
import { detailsOf } from "./who.ts";

/** Is it `?` alone, which asks who is here? */
export const isQuestion = (event: MatrixEvent): boolean =>
  event.type === "m.room.message" &&
  typeof event.content.body === "string" &&
  event.content.body.trim() === "?" &&
  relationOf(event)?.kind !== "edit";

/**
 * Answers `?` in a conversation, only to the person who asked: how to reach the other person (docs/product-text.md#s8),
 * or who is in the group and through what. The `?` is deleted, so that it is not news to anyone.
 */
export async function answerQuestion(
  tx: Transaction,
  directory: Directory,
  asker: Username,
  { conversation }: StoredConversation,
  { event_id, sender }: MatrixEvent,
): Promise<void> {
  const answer = answerIn(directory, asker, conversation);
  if (answer === null) return;
  await sendToControlRoom(tx, asker, `details:${event_id}`, noticeMessage(answer), { is: "answer" });
  await enqueueSends(tx, [
    {
      ref: `asked:${event_id}`,
      conversation: conversation.id,
      purpose: { is: "tidying" },
      as: sender,
      type: "m.room.redaction",
      content: {},
      target: { event: event_id },
    },
  ]);
}

/** Null: there is nothing to ask here, or not by them. */
function answerIn(
  directory: Directory,
  asker: Username,
  conversation: StoredConversation["conversation"],
): Rich | null {
  switch (conversation.kind) {
    case "individual": {
      const other = directory.users.get(otherOf(conversation.pair, asker));
      return other === undefined || !conversation.pair.includes(asker) ? null : detailsOf(other);
    }
    case "group":
      return membersFor(directory, asker, { securityGroup: conversation.securityGroup });
    case "custom":
      return membersFor(directory, asker, { customGroup: conversation.id });
    case "alerts":
    case "arrivals":
    case "control":
    case "admin":
      return null;
    default:
      return conversation satisfies never;
  }
}

/** Whoever was removed since they asked is told nothing more. */
const membersFor = (directory: Directory, asker: Username, group: HandleTarget): Rich | null =>
  peopleIn(directory, group).has(asker) ? membersOf(directory, group) : null;
