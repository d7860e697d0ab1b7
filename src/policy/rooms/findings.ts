/**
 * The room-state audit: what is wrong with a room, for a person to read. Repair is `diffRoom` on the same comparison.
 */

import type { ActualRoom, ExpectedRoom, PowerLevels, RoomState, UserId } from "../model.ts";
import { MARKER_TYPE, SERVICE_MEMBERS_TYPE } from "../model.ts";
import * as words from "../words.ts";
import { type Difference, differencesOf } from "./differences.ts";
import { ROOM_VERSION } from "./expected-room.ts";
import { levelDifferences, readPowerLevels } from "./level-meaning.ts";
import { BOT_LEVEL } from "./power-levels.ts";

export const FINDING_RULES = [
  "membership",
  "forgotten",
  "power_levels",
  "name",
  "topic",
  "avatar",
  "join_rule",
  "history_visibility",
  "guest_access",
  "encryption",
  "version",
  "creator",
  "tombstone",
  "marker",
  "service_members",
  "bot",
  "direct",
  "unknown_room",
  "account",
] as const;
export type FindingRule = (typeof FINDING_RULES)[number];

/**
 * critical: someone can read or do what they may not, or Whisper has lost control of the room; warning: someone cannot
 * do what they may, or is misled; info: a convenience is missing.
 */
export const SEVERITIES = ["critical", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  readonly rule: FindingRule;
  readonly expected: string;
  readonly actual: string;
  readonly severity: Severity;
}

const STATE: Readonly<
  Record<string, { readonly rule: FindingRule; readonly severity: Severity; readonly key?: string }>
> = {
  "m.room.name": { rule: "name", severity: "warning", key: "name" },
  "m.room.topic": { rule: "topic", severity: "warning", key: "topic" },
  "m.room.avatar": { rule: "avatar", severity: "info", key: "url" },
  "m.room.join_rules": { rule: "join_rule", severity: "critical", key: "join_rule" },
  "m.room.history_visibility": {
    rule: "history_visibility",
    severity: "critical",
    key: "history_visibility",
  },
  "m.room.guest_access": { rule: "guest_access", severity: "critical", key: "guest_access" },
  [MARKER_TYPE]: { rule: "marker", severity: "warning" },
  [SERVICE_MEMBERS_TYPE]: { rule: "service_members", severity: "info" },
};

/** The audit's findings for a room; none if it is as it should be. */
export function findingsOf(expected: ExpectedRoom, actual: ActualRoom): Finding[] {
  return differencesOf(expected, actual).flatMap((difference) => found(difference, expected, actual));
}

/** A conversation whose room is missing. */
export const noRoom: Finding = {
  rule: "unknown_room",
  expected: words.aRoom,
  actual: words.nothingThere,
  severity: "critical",
};

/** A room that belongs to no conversation, with people of ours in it. */
export const unknownRoom = (people: number): Finding => ({
  rule: "unknown_room",
  expected: words.ofConversation,
  actual: words.unknownRoomWith(people),
  severity: "critical",
});

/** An account that should work and that someone blocked at the homeserver. */
export const blockedAccount = (user: UserId, why: keyof typeof words.blockedBecause): Finding => ({
  rule: "account",
  expected: words.accountWorks(user),
  actual: words.blockedBecause[why],
  severity: "warning",
});

function found(difference: Difference, expected: ExpectedRoom, actual: ActualRoom): Finding[] {
  switch (difference.differs) {
    case "beyond-repair":
      return [beyondRepair(difference)];
    case "extra":
      return [
        finding(
          "membership",
          words.notInRoom(difference.user),
          words.isIn(difference.membership),
          "critical",
        ),
      ];
    case "unforgotten":
      return [finding("forgotten", words.leftAndForgotten(difference.user), words.notForgotten, "critical")];
    case "missing":
      return [
        finding("membership", words.inRoom(difference.user), words.isIn(difference.membership), "warning"),
      ];
    case "rival":
      return []; // said with the power levels
    case "direct":
      return [finding("direct", words.listedAsDirect(difference.user), words.notListed, "info")];
    case "state":
      return difference.type === "m.room.power_levels"
        ? powerLevels(expected, actual.state, actual)
        : [state(difference)];
  }
}

function finding(rule: FindingRule, expected: string, actual: string, severity: Severity): Finding {
  return { rule, expected, actual, severity };
}

function beyondRepair({ reason, actual }: Extract<Difference, { differs: "beyond-repair" }>): Finding {
  switch (reason) {
    case "version":
      return finding("version", ROOM_VERSION, actual, "critical");
    case "encrypted":
      return finding("encryption", words.notEncrypted, actual, "critical");
    case "tombstone":
      return finding("tombstone", words.roomOpen, actual, "critical");
    case "creator":
      return finding("creator", words.ourAccount, actual, "critical");
    case "bot-missing":
      return finding("bot", words.botJoined, actual, "critical");
    case "bot-powerless":
      return finding("bot", words.botAlone(BOT_LEVEL), actual, "critical");
  }
}

function state({ type, expected, actual }: Extract<Difference, { differs: "state" }>): Finding {
  const { rule, severity, key } = STATE[type] ?? { rule: "marker", severity: "warning" };
  const show = (content: Readonly<Record<string, unknown>> | null) => {
    if (content === null) return words.nothingThere;
    const value = key === undefined ? content : content[key];
    return typeof value === "string" ? value : JSON.stringify(value ?? content);
  };
  return finding(rule, show(expected), show(actual), severity);
}

/** One finding per level that differs, so that a report names each. */
function powerLevels(expected: ExpectedRoom, current: RoomState, { creator }: ActualRoom): Finding[] {
  const content = expected.state["m.room.power_levels"];
  const ought: PowerLevels = readPowerLevels(content ?? {}, null);
  return levelDifferences(ought, readPowerLevels(current["m.room.power_levels"], creator)).map((level) =>
    finding("power_levels", `${level.what}: ${level.expected}`, `${level.what}: ${level.actual}`, "critical"),
  );
}
