import type { UserId } from "../../policy/model.ts";
import { type Homeserver, path } from "../homeserver/homeserver.ts";

/** Stickers and polls, in both spellings (messages/said.ts), as patterns of push rules. */
const KINDS = { sticker: "m.sticker", poll: "*.poll.start" };

/** A chat for two has Whisper as its third member. */
const FEW = { kind: "room_member_count", is: "<4" };

/** In this order: a later rule comes before an earlier one (client-server API, "Push rules", `underride`). */
const RULES = Object.entries(KINDS).flatMap(([kind, pattern]) => {
  const rule = `au.healthtrack.whisper.${kind}`;
  const isKind = { kind: "event_match", key: "type", pattern };
  return [
    { rule, conditions: [isKind], actions: ["notify"] },
    {
      rule: `${rule}.few`,
      conditions: [isKind, FEW],
      actions: ["notify", { set_tweak: "sound", value: "default" }],
    },
  ];
});

interface PushRules {
  readonly underride?: ReadonlyArray<{ readonly rule_id: string }>;
}

/**
 * Counts stickers and polls like messages, with a sound between two people. The predefined rules know only
 * `m.room.message`. Costs one call if the rules are there.
 */
export async function hearAllKinds(homeserver: Homeserver, user: UserId): Promise<void> {
  const { underride = [] } = await homeserver.call<PushRules>({
    method: "GET",
    path: "/_matrix/client/v3/pushrules/global/",
    as: user,
  });
  const there = new Set(underride.map(({ rule_id }) => rule_id));
  for (const { rule, ...body } of RULES) {
    if (there.has(rule)) continue;
    await homeserver.call({
      method: "PUT",
      path: path`/_matrix/client/v3/pushrules/global/underride/${rule}`,
      as: user,
      body,
    });
  }
}
