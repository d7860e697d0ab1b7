import type { AskedRoom } from "../../../policy/conversations/asked-room.ts";
import type { UserId } from "../../../policy/model.ts";
import type { Body } from "./forward-body.ts";

/**
 * The room that a request describes (client-server API, "POST /createRoom"), as far as it says which conversation is
 * meant. The rules, not the client, decide everything else about it, such as encryption, version and power levels.
 * @returns null if it is not in the specification's format.
 */
export function askedRoom(body: Body, maker: UserId): AskedRoom | null {
  const { invite = [], name = null, is_direct: direct = false, creation_content: creation = {} } = body;
  const states = statesIn(body);
  if (!isTexts(invite) || (name !== null && typeof name !== "string") || states === null) return null;
  return {
    maker,
    chosen: invite as readonly UserId[],
    name: name ?? textIn(states.get("m.room.name"), "name"),
    direct: direct === true,
    space: isObject(creation) && creation.type === "m.space",
    openToAll: isOpenToAll(body, states),
  };
}

/** The room's initial state by type, where the state key is empty; null if it is not a list of events. */
export function statesIn({ initial_state: states = [] }: Body): ReadonlyMap<string, Body> | null {
  if (!Array.isArray(states)) return null;
  const byType = new Map<string, Body>();
  for (const event of states as unknown[]) {
    if (!isObject(event) || typeof event.type !== "string" || !isObject(event.content)) return null;
    if ((event.state_key ?? "") === "") byType.set(event.type, event.content);
  }
  return byType;
}

/** Anyone could join it, find it or read it. */
function isOpenToAll(
  { visibility, preset, room_alias_name: alias }: Body,
  states: ReadonlyMap<string, Body>,
): boolean {
  const rule = states.get("m.room.join_rules")?.join_rule ?? (preset === "public_chat" ? "public" : "invite");
  const canonical = states.get("m.room.canonical_alias");
  return (
    visibility === "public" ||
    rule !== "invite" ||
    states.get("m.room.history_visibility")?.history_visibility === "world_readable" ||
    (typeof alias === "string" && alias !== "") ||
    (textIn(canonical, "alias") ?? "") !== "" ||
    (Array.isArray(canonical?.alt_aliases) && canonical.alt_aliases.length > 0)
  );
}

const textIn = (content: Body | undefined, field: string): string | null => {
  const text = content?.[field];
  return typeof text === "string" ? text : null;
};

const isObject = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
