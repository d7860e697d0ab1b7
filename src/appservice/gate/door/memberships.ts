import type { Request, Response } from "express";
import type { RoomId, UserId } from "../../../policy/model.ts";
import * as words from "../../../policy/words.ts";
import { handOn, whileWanted } from "../passage/answer.ts";
import { refuse, sendJson } from "../passage/error-response.ts";
import { decoded } from "../passage/request-path.ts";
import { type Passage, type Rule, readAnswer } from "../passage/rules.ts";
import type { Entrance } from "./entrance.ts";
import { type Body, forbiddenRefusal, forwardBody, pickFields, readJsonBody } from "./forward-body.ts";

/**
 * Memberships carry no text: clients show a `reason` in everyone's timeline, including people who may not be written to
 * (docs/decisions/memberships.md). Unknown fields are dropped, and the request passes without them.
 */

/** Joining, leaving and knocking as oneself: there is nothing to say. */
export const ownMembership: Rule = async (passage, request, response) => {
  if ((await readJsonBody(request, response)) !== null) await forwardBody(passage, request, response, {});
};

/** Synapse would create the new room first, and only then be refused when it closes the old one. */
export const upgrade: Rule = async (_passage, _request, response) =>
  refuse(response, forbiddenRefusal(words.settingsKept));

/**
 * Inviting, removing and banning: only the user is passed on. An invitation by email names no user, and is refused
 * here with a sentence.
 */
export const membershipOfOther =
  (entrance: Entrance): Rule =>
  async (passage, request, response, { caught: [room = "", action] }) => {
    const body = await readJsonBody(request, response);
    if (body === null) return;
    if (action === "invite" && body.user_id === undefined && Object.hasOwn(body, "medium"))
      return refuse(response, forbiddenRefusal(words.notByEmail));
    const named = pickFields(body, ["user_id"]);
    if (action === "invite")
      await awaitOthers(entrance, await passage.callers.userId(request), room, named.user_id);
    if (action === "kick") return remove(entrance, passage, request, response, room, named.user_id, named);
    await forwardBody(passage, request, response, named);
  };

/** The same, written as state. */
export const membershipAsState =
  (entrance: Entrance): Rule =>
  async (passage, request, response, { caught: [room = "", user = ""] }) => {
    const body = await readJsonBody(request, response);
    if (body === null) return;
    if (body.membership === "invite")
      await awaitOthers(entrance, await passage.callers.userId(request), room, decoded(user));
    if (body.membership === "leave")
      return remove(entrance, passage, request, response, room, decoded(user), knownOf(body));
    await forwardBody(passage, request, response, knownOf(body));
  };

const knownOf = (body: Body): Body => ({
  ...pickFields(body, ["membership"]),
  // Marks the room as a chat for two.
  ...(body.membership === "invite" && body.is_direct === true ? { is_direct: true } : {}),
});

/** Synapse removes whom it lets the caller remove. It refuses equals, and Whisper's rules do not. */
async function remove(
  entrance: Entrance,
  passage: Passage,
  request: Request,
  response: Response,
  encodedRoom: string,
  whom: unknown,
  body: Body,
): Promise<void> {
  const answer = await readAnswer(passage, request, response, Buffer.from(JSON.stringify(body)));
  const [room, by] = [decoded(encodedRoom), await passage.callers.userId(request)];
  if (answer.status !== 403 || room === null || typeof whom !== "string" || whom === by)
    return handOn(response, answer);
  const removed = await entrance.remove(room as RoomId, by, whom as UserId, whileWanted(response));
  switch (removed.is) {
    case "done":
      return sendJson(response, 200, {});
    case "refused":
      return refuse(response, forbiddenRefusal(removed.reason));
    case "nothing":
      return handOn(response, answer);
    default:
      return removed satisfies never;
  }
}

async function awaitOthers(
  entrance: Entrance,
  inviter: UserId,
  encodedRoom: string,
  invitee: unknown,
): Promise<void> {
  const room = decoded(encodedRoom);
  if (room === null || typeof invitee !== "string") return;
  await entrance.beforeInvitation(room as RoomId, inviter, invitee as UserId);
}
