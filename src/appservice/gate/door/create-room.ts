import * as words from "../../../policy/words.ts";
import { whileWanted } from "../passage/answer.ts";
import { NOT_A_ROOM, refuse, STILL_OPENING, sendJson } from "../passage/refusal.ts";
import type { Rule } from "../passage/rules.ts";
import { askedRoom } from "./asked-room.ts";
import type { Entrance } from "./entrance.ts";
import { type Body, forbidden, only, passOn, understood } from "./pass-on.ts";

/** Of a room in which nobody is but its maker. Whoever is invited later finds what the rules have made of it. */
const KNOWN = ["name", "topic", "creation_content", "preset", "is_direct"];

/**
 * A room that a client asks for: the conversation that it is meant for is opened, and the answer is its room. What is
 * refused is refused before there is a room.
 */
export const createRoom =
  (entrance: Entrance): Rule =>
  async (passage, request, response) => {
    const body = await understood(request, response);
    if (body === null) return;
    // Invitations to addresses outside.
    if (Array.isArray(body.invite_3pid) && body.invite_3pid.length > 0)
      return refuse(response, forbidden(words.notByEmail));
    if (hasMembers(body)) return refuse(response, forbidden(words.inviteInstead));
    // Asked of Synapse each time: it says whether the token is still good.
    await passage.callers.joinedRooms(request);
    const maker = await passage.callers.userId(request);
    const asked = askedRoom(body, maker);
    if (asked === null) return refuse(response, NOT_A_ROOM);
    const made = await entrance.newConversation(asked, maker, whileWanted(response));
    switch (made.is) {
      case "open":
        return sendJson(response, 200, { room_id: made.room });
      case "refused":
        return refuse(response, forbidden(made.reason));
      case "late":
        return refuse(response, STILL_OPENING);
      case "unfinished":
        return passOn(passage, request, response, only(body, KNOWN));
      default:
        return made satisfies never;
    }
  };

const hasMembers = ({ initial_state: states }: Body): boolean =>
  Array.isArray(states) &&
  states.some(
    (event: unknown) =>
      typeof event === "object" && event !== null && "type" in event && event.type === "m.room.member",
  );
