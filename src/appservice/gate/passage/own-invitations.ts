import type { UserId } from "../../../policy/model.ts";

/**
 * Hides the few milliseconds between Whisper's invitation and the join that Whisper makes itself. There is nothing to
 * accept or reject, so clients hear only of the join.
 */

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A sync's `rooms.invite` without the rooms that the bot invites into. */
export function withoutInvitationsOf(bot: UserId, invite: unknown, user: UserId): Json {
  if (!isObject(invite)) return {};
  return Object.fromEntries(
    Object.entries(invite).filter(([, room]) => {
      const state = isObject(room) ? room.invite_state : undefined;
      return !invitedBy(bot, isObject(state) ? state.events : undefined, user);
    }),
  );
}

/** A sliding sync's answer without them. The lists' counts remain the homeserver's. */
export function withoutInvitedRooms(bot: UserId, answer: Json, user: UserId): Json {
  if (!isObject(answer.rooms)) return answer;
  const rooms = Object.entries(answer.rooms);
  const kept = rooms.filter(
    ([, room]) => !(isObject(room) && invitedBy(bot, room.invite_state ?? room.stripped_state, user)),
  );
  return kept.length === rooms.length ? answer : { ...answer, rooms: Object.fromEntries(kept) };
}

const invitedBy = (bot: UserId, events: unknown, user: UserId): boolean =>
  Array.isArray(events) &&
  events.some(
    (event: unknown) =>
      isObject(event) &&
      event.type === "m.room.member" &&
      event.state_key === user &&
      event.sender === bot &&
      isObject(event.content) &&
      event.content.membership === "invite",
  );
