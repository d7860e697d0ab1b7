import { shownName } from "../base/shown-name.ts";
import { sendToControlRoom } from "../conversations/record/control-room.ts";
import type { StoredConversation } from "../conversations/record/store.ts";
import type { MatrixEvent } from "../messages/event.ts";
import { enqueueSends } from "../messages/outbox.ts";
import { relationOf } from "../messages/relation.ts";
import { bullets, lines, noticeMessage, plain, type Rich } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { ConversationId, Directory, Username } from "../policy/model.ts";
import type { HandleTarget } from "../policy/names/names.ts";
import { otherOf } from "../policy/people/individual.ts";
import { groupTitle, peopleIn } from "../policy/people/members.ts";
import type { Transaction } from "../store/database.ts";
import { nameOfPerson } from "./names.ts";
import { detailsOf } from "./who.ts";

/** The most people named for each way into a group. */
const MOST_NAMES = 50;

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
    case "group": {
      const target = { securityGroup: conversation.securityGroup };
      return membersOf(directory, target, [
        part(directory, words.bySecurityGroup, peopleIn(directory, target)),
      ]);
    }
    case "custom":
      return membersOf(directory, { customGroup: conversation.id }, partsOf(directory, conversation.id));
    case "alerts":
    case "arrivals":
    case "control":
    case "admin":
      return null;
    default:
      return conversation satisfies never;
  }
}

function membersOf(directory: Directory, target: HandleTarget, parts: readonly (string | null)[]): Rich {
  const heading = words.membersOf(shownName(groupTitle(directory, target)), peopleIn(directory, target).size);
  return lines(plain(heading), bullets(parts.flatMap((each) => (each === null ? [] : [plain(each)]))));
}

function partsOf(directory: Directory, id: ConversationId): (string | null)[] {
  const group = directory.customGroups.get(id);
  if (group === undefined) return [];
  const through = (target: HandleTarget) =>
    part(directory, words.through(shownName(groupTitle(directory, target))), peopleIn(directory, target));
  const active = group.users.filter((username) => directory.users.get(username)?.active);
  return [
    part(directory, words.directly, new Set(active)),
    ...group.securityGroups.map((securityGroup) => through({ securityGroup })),
    ...group.customGroups.map((customGroup) => through({ customGroup })),
  ];
}

/** `through Doctors (group): Anna Jones and Ben Okafor`; null: nobody. */
function part(directory: Directory, way: string, people: ReadonlySet<Username>): string | null {
  if (people.size === 0) return null;
  const names = [...people].map((username) => nameOfPerson(directory, username)).toSorted(byName);
  return words.membersThrough(way, names.slice(0, MOST_NAMES), names.length - MOST_NAMES);
}

const byName = new Intl.Collator("en").compare;
