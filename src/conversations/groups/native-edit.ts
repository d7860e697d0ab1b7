/** What a client's event in a custom group's room asks for. */

import type { MatrixEvent } from "../../messages/event.ts";
import type { UserId } from "../../policy/model.ts";
import { tidyGroupName } from "../../policy/names/group-names.ts";

export type NativeEdit =
  /** Null: the name was removed, so the group is named after its members again. */
  | { readonly edit: "rename"; readonly name: string | null }
  | { readonly edit: "add" | "remove"; readonly who: UserId }
  | { readonly edit: "leave" };

/**
 * Null: nothing that concerns the group. The bot's own acts are already carried out, and a join follows an invitation:
 * whoever invited them, or Whisper, added them.
 */
export function nativeEdit(event: MatrixEvent, bot: UserId): NativeEdit | null {
  const { type, sender, state_key, content } = event;
  if (sender === bot || state_key === undefined) return null;
  if (type === "m.room.name" && state_key === "")
    return { edit: "rename", name: typeof content.name === "string" ? tidyGroupName(content.name) : null };
  if (type !== "m.room.member") return null;
  const who = state_key as UserId;
  switch (content.membership) {
    case "invite":
      return who === bot ? null : { edit: "add", who };
    case "leave":
    case "ban":
      return sender === who ? { edit: "leave" } : { edit: "remove", who };
    default:
      return null;
  }
}
