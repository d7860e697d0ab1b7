/** What a room that a user made in a client becomes (docs/matrix-mapping.md#starting-a-conversation-in-any-client). */

import type { ActualRoom, Directory, PracticeSettings, ReplaceReason, UserId } from "../model.ts";
import { ROOM_VERSION } from "../rooms/expected-room.ts";
import { type AskedFor, whatIsAskedFor } from "./asked-room.ts";

export type MadeRoom =
  | Exclude<AskedFor, { is: "opening" }>
  /** A client put a tombstone in it. It cannot become anything, and nobody may stay in it. */
  | { readonly is: "closed" }
  /** `replace`: why the room itself cannot be kept. Null: it can be adopted if the conversation has no room yet. */
  | (Extract<AskedFor, { is: "opening" }> & { readonly replace: ReplaceReason | null });

/** `direct`: the client marked the room as a direct chat (`is_direct` in one of its member events). */
export function classifyRoom(
  directory: Directory,
  settings: PracticeSettings,
  room: ActualRoom,
  direct: boolean,
): MadeRoom {
  if (room.state["m.room.tombstone"] !== undefined) return { is: "closed" };
  const asked = whatIsAskedFor(directory, settings, {
    maker: room.creator,
    chosen: present(room),
    name: givenRoomName(room),
    direct,
    space: room.state["m.room.create"]?.type === "m.space",
    openToAll: isOpenToAll(room),
  });
  return asked.is === "opening" ? { ...asked, replace: whyNotKept(room) } : asked;
}

function givenRoomName(room: ActualRoom): string | null {
  const name = room.state["m.room.name"]?.name;
  return typeof name === "string" ? name : null;
}

/**
 * Could someone who is not invited join it, find it or read it? A missing setting means closed (Matrix spec,
 * "m.room.join_rules").
 */
function isOpenToAll({ state }: ActualRoom): boolean {
  const rule = state["m.room.join_rules"]?.join_rule ?? "invite";
  const alias = state["m.room.canonical_alias"];
  return (
    rule !== "invite" ||
    state["m.room.history_visibility"]?.history_visibility === "world_readable" ||
    (typeof alias?.alias === "string" && alias.alias !== "") ||
    (Array.isArray(alias?.alt_aliases) && alias.alt_aliases.length > 0)
  );
}

/** Encryption cannot be switched off, and a room's version cannot change. */
function whyNotKept(room: ActualRoom): ReplaceReason | null {
  if (room.state["m.room.encryption"] !== undefined) return "encrypted";
  return room.version === ROOM_VERSION ? null : "version";
}

const present = (room: ActualRoom): UserId[] =>
  [...room.members].flatMap(([id, { membership }]) =>
    membership === "join" || membership === "invite" ? [id] : [],
  );
