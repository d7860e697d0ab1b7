/**
 * The room that a client asks for with everybody in it at once. An invitation tells its reader the room's name and topic,
 * so whoever never receives gets none: Whisper lets them in when it has taken the room over, with the others there.
 */

import type { Directory, PracticeSettings, Selection, UserId } from "../model.ts";
import { whoIs } from "../names/names.ts";
import { openingFor } from "./opening.ts";

export interface NewRoom {
  readonly maker: UserId;
  readonly invited: readonly UserId[];
  readonly name: string | null;
}

export type InvitedLater =
  | { readonly allowed: true; readonly later: readonly UserId[] }
  | { readonly allowed: false; readonly reason: string };

/**
 * @returns whom of those invited Whisper lets in later, or why there can be no such conversation. Whoever cannot be
 * invited for another reason is none of this: Synapse asks about each invitation.
 */
export function invitedIntoNew(
  directory: Directory,
  settings: PracticeSettings,
  { maker, invited, name }: NewRoom,
): InvitedLater {
  const asker = whoIs(settings, maker, directory);
  const chosen = invited.map((id) => ({ id, someone: whoIs(settings, id, directory) }));
  const later = chosen.flatMap(({ id, someone }) =>
    someone.is === "person" && someone.user.preferences.neverReceive ? [id] : [],
  );
  if (asker.is !== "person" || later.length === 0) return { allowed: true, later: [] };
  const selection: Selection = {
    users: chosen.flatMap(({ someone }) => (someone.is === "person" ? [someone.username] : [])),
    securityGroups: chosen.flatMap(({ someone }) =>
      someone.is === "group" && "securityGroup" in someone.target ? [someone.target.securityGroup] : [],
    ),
    customGroups: chosen.flatMap(({ someone }) =>
      someone.is === "group" && "customGroup" in someone.target ? [someone.target.customGroup] : [],
    ),
  };
  const opening = openingFor(directory, asker.username, selection, name);
  return opening.open === "refused" ? { allowed: false, reason: opening.reason } : { allowed: true, later };
}

/** Whom the state event names. It is the word of whoever has power in the room, as an invitation is. */
export function invitedLater(content: Readonly<Record<string, unknown>> | undefined): UserId[] {
  const users = content?.users;
  return Array.isArray(users) ? users.filter((id): id is UserId => typeof id === "string") : [];
}
