import { arrivalsConversation } from "../conversations/record/keys.ts";
import type { RoomId, Username } from "../policy/model.ts";
import { HISTORY, tickContent } from "./notices/notice.ts";
import { cardRef } from "./notices/refs.ts";
import * as words from "./notices/words.ts";
import type { Post } from "./save-changes.ts";

/**
 * The message pinned in an arrivals room: what the room is for, and the button that shows the history. One per room.
 */
export function cardPosts(owner: Username, room: RoomId): Post[] {
  const where = arrivalsConversation(owner);
  const ref = cardRef(room);
  return [
    { in: where, ref, type: "m.room.message", content: { msgtype: "m.notice", body: words.arrivalsCard } },
    { in: where, ref: `${ref}:button`, type: "m.reaction", content: tickContent(HISTORY), target: { ref } },
  ];
}
