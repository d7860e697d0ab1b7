/** What a room that a user made in a client is to become (docs/matrix-mapping.md#starting-a-conversation-in-any-client). */

import {
  type ActualRoom,
  type Directory,
  INVITED_LATER_TYPE,
  type PracticeSettings,
  type ReplaceReason,
  type Selection,
  type UserId,
  type Username,
} from "../model.ts";
import { whoIs } from "../names/names.ts";
import { hasAccess } from "../people/permissions.ts";
import { ROOM_VERSION } from "../rooms/expected-room.ts";
import * as words from "../words.ts";
import { invitedLater } from "./new-room.ts";
import { type Opening, openingFor } from "./opening.ts";

export type MadeRoom =
  /** Nobody is invited yet: nothing to do. */
  | { readonly is: "unfinished" }
  /** A client put a tombstone there. Nothing can be made of it, and nobody may stay in it. */
  | { readonly is: "closed" }
  /** `asker`: whom to tell, if it is one of ours. */
  | { readonly is: "refused"; readonly reason: string; readonly asker: Username | null }
  /** A chat with Whisper itself: the client is led to the control room. */
  | { readonly is: "control"; readonly asker: Username }
  /** `replace`: why the room itself cannot be kept, null: it can be adopted if the conversation has no room yet. */
  | {
      readonly is: "opening";
      readonly asker: Username;
      readonly opening: Exclude<Opening, { open: "refused" }>;
      readonly replace: ReplaceReason | null;
    };

/** `direct`: the client marked the room as a direct chat (`is_direct` in one of its member events). */
export function classifyRoom(
  directory: Directory,
  settings: PracticeSettings,
  room: ActualRoom,
  direct: boolean,
): MadeRoom {
  if (room.state["m.room.tombstone"] !== undefined) return { is: "closed" };
  const maker = room.creator === null ? null : whoIs(settings, room.creator, directory);
  if (maker?.is !== "person") return { is: "refused", reason: words.outsider, asker: null };
  const asker = maker.username;
  const refuse = (reason: string): MadeRoom => ({ is: "refused", reason, asker });
  if (!hasAccess(directory, asker)) return refuse(words.youHaveNoAccess);
  if (room.state["m.room.create"]?.type === "m.space") return refuse(words.spaces);
  if (isOpenToAll(room)) return refuse(words.publicRooms);

  const invited = chosenIn(directory, settings, room, asker);
  if (typeof invited === "string") return refuse(invited);
  if (invited.selection === null) return invited.withBot ? { is: "control", asker } : { is: "unfinished" };
  const { selection } = invited;
  const onePerson =
    selection.users.length === 1 && selection.securityGroups.length + selection.customGroups.length === 0;
  // A direct chat has no name of its own, whatever the client wrote.
  const opening = openingFor(directory, asker, selection, direct && onePerson ? null : nameOf(room));
  if (opening.open === "refused") return refuse(opening.reason);
  return { is: "opening", asker, opening, replace: whyNotKept(room) };
}

function nameOf(room: ActualRoom): string | null {
  const name = room.state["m.room.name"]?.name;
  return typeof name === "string" ? name : null;
}

/** Whoever is not invited could come in, find it, or read it. What is missing is closed (Matrix spec, "m.room.join_rules"). */
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

/** Encryption cannot be switched off and a version cannot be changed. */
function whyNotKept(room: ActualRoom): ReplaceReason | null {
  if (room.state["m.room.encryption"] !== undefined) return "encrypted";
  return room.version === ROOM_VERSION ? null : "version";
}

/** Whom the maker of the room put in it; a sentence if one of them cannot be. */
function chosenIn(
  directory: Directory,
  settings: PracticeSettings,
  room: ActualRoom,
  maker: Username,
): string | { readonly selection: Selection | null; readonly withBot: boolean } {
  const users: Username[] = [];
  const securityGroups: Selection["securityGroups"][number][] = [];
  const customGroups: Selection["customGroups"][number][] = [];
  let withBot = false;
  for (const id of new Set([...present(room), ...invitedLater(room.state[INVITED_LATER_TYPE])])) {
    const someone = whoIs(settings, id, directory);
    if (someone.is === "bot") withBot = true;
    else if (someone.is === "stranger") return words.outsider;
    else if (someone.is === "departed") return words.noSuchGroup;
    else if (someone.is === "person") {
      if (someone.username !== maker) users.push(someone.username);
    } else if ("securityGroup" in someone.target) securityGroups.push(someone.target.securityGroup);
    else customGroups.push(someone.target.customGroup);
  }
  const nobody = users.length + securityGroups.length + customGroups.length === 0;
  return { selection: nobody ? null : { users, securityGroups, customGroups }, withBot };
}

const present = (room: ActualRoom): UserId[] =>
  [...room.members].flatMap(([id, { membership }]) =>
    membership === "join" || membership === "invite" ? [id] : [],
  );
