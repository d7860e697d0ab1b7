import { arrivalsConversation } from "../conversations/record/keys.ts";
import type { RoomId, Username } from "../policy/model.ts";
import type { QuickReply } from "./dependencies.ts";
import { HISTORY, tickContent } from "./notices/notice.ts";
import { cardRef } from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import type { Post } from "./save-changes.ts";

/**
 * The message pinned in an arrivals room: what the room is for, what each button does, and the button that shows the
 * history. One per room.
 */
export function cardPosts(owner: Username, room: RoomId, quickReplies: readonly QuickReply[]): Post[] {
  const where = arrivalsConversation(owner);
  const ref = cardRef(room);
  return [
    {
      in: where,
      ref,
      purpose: { is: "card" },
      type: "m.room.message",
      content: { msgtype: "m.notice", body: words.arrivalsCard(quickReplies) },
    },
    {
      in: where,
      ref: `${ref}:button`,
      purpose: { is: "button" },
      type: "m.reaction",
      content: tickContent(HISTORY),
      target: { ref },
    },
  ];
}
