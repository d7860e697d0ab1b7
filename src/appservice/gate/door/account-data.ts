import type { RoomId, UserId } from "../../../policy/model.ts";
import { directRooms } from "../../homeserver/account-data.ts";
import { handOn } from "../passage/answer.ts";
import { Undecidable } from "../passage/caller.ts";
import { decoded } from "../passage/request-path.ts";
import { type Rule, readAnswer } from "../passage/rules.ts";
import { type Body, readJsonBody } from "./forward-body.ts";

/** What Whisper keeps of the account data that people's clients set (client-server API, "Client Config"). */
export interface AccountDataPort {
  /** Someone has marked a room as unread, or no longer. */
  readonly markUnread: (user: UserId, room: RoomId, unread: boolean) => Promise<void>;
  /** Someone's client has set which rooms are direct chats: these. */
  readonly setDirectChats: (user: UserId, rooms: ReadonlySet<string>) => Promise<void>;
}

/**
 * No application service hears of account data, so it is recorded here, once Synapse has it and before the client hears
 * that.
 */
const recorded =
  (record: (user: UserId, body: Body, caught: readonly string[]) => Promise<void>): Rule =>
  async (passage, request, response, { caught }) => {
    const body = await readJsonBody(request, response);
    if (body === null) return;
    const user = await passage.callers.userId(request);
    const answer = await readAnswer(passage, request, response, Buffer.from(JSON.stringify(body)));
    if (answer.status === 200) await record(user, body, caught);
    handOn(response, answer);
  };

/** A room that someone marked as unread (client-server API, "Unread Markers"). */
export const markedUnread = ({ markUnread }: AccountDataPort): Rule =>
  recorded(async (user, body, caught) => {
    const room = decoded(caught[0] ?? "");
    if (typeof room !== "string") throw new Undecidable("a mark on a room without a name");
    await markUnread(user, room as RoomId, body.unread === true);
  });

/**
 * Someone's direct chats, by the other's user id (client-server API, "Direct Messaging"). Clients write the whole list
 * as they know it, and so remove what Whisper has added since.
 */
export const directChats = ({ setDirectChats }: AccountDataPort): Rule =>
  recorded((user, body) => setDirectChats(user, directRooms(body)));
