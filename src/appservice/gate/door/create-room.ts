import { FRONT_DOOR } from "../../../policy/model.ts";
import * as words from "../../../policy/words.ts";
import { whileWanted } from "../passage/answer.ts";
import { NOT_A_ROOM, refuse, STILL_OPENING, sendJson } from "../passage/error-response.ts";
import type { Rule } from "../passage/rules.ts";
import { askedRoom } from "./asked-room.ts";
import type { Entrance } from "./entrance.ts";
import { type Body, forbiddenRefusal, forwardBody, pickFields, readJsonBody } from "./forward-body.ts";

/**
 * For a room with only its maker in it. Anyone invited later gets what the rules have made of it. Nothing of the create
 * event, which nobody can change: clients hide the room that it names as its predecessor from everyone who is in both.
 */
const KNOWN = ["name", "topic", "preset", "is_direct"];

/**
 * A client asks for a room: Whisper opens the conversation that it is meant for and answers with that conversation's
 * room. A refusal comes before there is a room.
 */
export const answerCreateRoom =
  (entrance: Entrance): Rule =>
  async (passage, request, response) => {
    const body = await readJsonBody(request, response);
    if (body === null) return;
    // Invitations to outside addresses.
    if (Array.isArray(body.invite_3pid) && body.invite_3pid.length > 0)
      return refuse(response, forbiddenRefusal(words.notByEmail));
    if (hasMembers(body)) return refuse(response, forbiddenRefusal(words.inviteInstead));
    // Asked from Synapse each time: this also checks that the token is still valid.
    await passage.callers.joinedRooms(request);
    const maker = await passage.callers.userId(request);
    const asked = askedRoom(body, maker);
    if (asked === null) return refuse(response, NOT_A_ROOM);
    const made = await entrance.newConversation(asked, maker, whileWanted(response));
    switch (made.is) {
      case "open":
        return sendJson(response, 200, { room_id: made.room });
      case "refused":
        return refuse(response, forbiddenRefusal(made.reason));
      case "late":
        return refuse(response, STILL_OPENING);
      case "unfinished":
        return forwardBody(passage, request, response, {
          ...pickFields(body, KNOWN),
          creation_content: { [FRONT_DOOR]: true },
        });
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
