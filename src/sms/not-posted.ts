import { sendToAdminRoom } from "../conversations/record/admin-room.ts";
import type { GivenUpHandlers } from "../messages/given-up.ts";
import * as words from "./words.ts";

/** A reply by SMS that the homeserver refuses for good: the administrators pass it on. */
export const repliesNotPosted: Pick<GivenUpHandlers, "sms_reply"> = {
  sms_reply: async (tx, { ref, purpose, content }) => {
    await sendToAdminRoom(
      tx,
      `not-sent:${ref}`,
      words.noConversation(purpose.name, String(content.body ?? "")),
    );
    return "settled";
  },
};
