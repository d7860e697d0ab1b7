import { INVITED_LATER_TYPE, type UserId } from "../../../policy/model.ts";
import * as words from "../../../policy/words.ts";
import { refuse } from "../passage/refusal.ts";
import type { Rule } from "../passage/rules.ts";
import type { Entrance } from "./entrance.ts";
import { type Body, forbidden, only, passOn, understood } from "./pass-on.ts";

/** Client-server API, "Creation", without `invite_3pid`. */
const KNOWN = [
  "visibility",
  "room_alias_name",
  "name",
  "topic",
  "invite",
  "room_version",
  "creation_content",
  "initial_state",
  "preset",
  "is_direct",
  "power_level_content_override",
];

/**
 * A room for whom a client invites at once. Those who never receive are not invited, which would tell them its name: they
 * stand in the room's state, made together with it, and Whisper lets them in when it takes it over.
 */
export const createRoom =
  (entrance: Entrance): Rule =>
  async (passage, request, response) => {
    const body = await understood(request, response);
    if (body === null) return;
    // Invitations to addresses outside.
    if (Array.isArray(body.invite_3pid) && body.invite_3pid.length > 0)
      return refuse(response, forbidden(words.outsider));
    const state = statesIn(body);
    if (state.some((event) => typeOf(event) === "m.room.member"))
      return refuse(response, forbidden(words.inviteInstead));
    const invited = invitedIn(body);
    const judged = await entrance.newRoom({
      maker: await passage.callers.userId(request),
      invited,
      name: nameIn(body, invited),
    });
    if (!judged.allowed) return refuse(response, forbidden(judged.reason));
    await passOn(passage, request, response, {
      ...only(body, KNOWN),
      ...(judged.later.length === 0 ? {} : withLater(body, state, judged.later)),
    });
  };

function withLater(body: Body, state: readonly unknown[], later: readonly UserId[]): Body {
  const invite = invitedIn(body).filter((id) => !later.includes(id));
  const event = { type: INVITED_LATER_TYPE, state_key: "", content: { users: [...later] } };
  return { invite, initial_state: [...state.filter((each) => typeOf(each) !== INVITED_LATER_TYPE), event] };
}

const invitedIn = ({ invite }: Body): UserId[] =>
  Array.isArray(invite) ? invite.filter((id): id is UserId => typeof id === "string") : [];

const statesIn = ({ initial_state }: Body): readonly unknown[] =>
  Array.isArray(initial_state) ? initial_state : [];

const typeOf = (event: unknown): unknown =>
  typeof event === "object" && event !== null && "type" in event ? event.type : undefined;

/** As adoption has it: a direct chat has no name of its own, whatever the client wrote. */
function nameIn({ name, is_direct }: Body, invited: readonly UserId[]): string | null {
  if (typeof name !== "string" || name.trim() === "" || (is_direct === true && invited.length === 1))
    return null;
  return name.trim();
}
