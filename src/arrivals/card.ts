import { arrivalsConversation } from "../conversations/record/keys.ts";
import type { RoomId, Username } from "../policy/model.ts";
import type { Post } from "./carry-out.ts";
import { HISTORY, tickContent } from "./notice.ts";
import { cardRef } from "./refs.ts";
import * as words from "./words.ts";

/** What is pinned in an arrivals room: what it is for, and the button that shows the history. Once for each room. */
export function cardPosts(owner: Username, room: RoomId): Post[] {
  const where = arrivalsConversation(owner);
  const ref = cardRef(room);
  return [
    { in: where, ref, type: "m.room.message", content: { msgtype: "m.notice", body: words.card } },
    { in: where, ref: `${ref}:button`, type: "m.reaction", content: tickContent(HISTORY), target: { ref } },
  ];
}
