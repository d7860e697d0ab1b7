/** How a room differs from what it should be: the one comparison behind repair (`diffRoom`) and audit (`findings`). */

import type { ActualRoom, ExpectedRoom, Membership, ReplaceReason, UserId } from "../model.ts";
import { isOurs } from "../names/names.ts";
import { ROOM_VERSION } from "./expected-room.ts";
import { highestNeeded, levelDifferences, levelOf, readPowerLevels } from "./level-meaning.ts";
import { BOT_LEVEL } from "./power-levels.ts";

type Content = Readonly<Record<string, unknown>>;

export type Difference =
  /** Nothing done inside the room can repair it. */
  | { readonly differs: "beyond-repair"; readonly reason: ReplaceReason; readonly actual: string }
  /** Joined or invited, and should not be. */
  | { readonly differs: "extra"; readonly user: UserId; readonly membership: Membership }
  /** Has left the room, but can still read what they could read then. */
  | { readonly differs: "unforgotten"; readonly user: UserId; readonly membership: Membership }
  | { readonly differs: "missing"; readonly user: UserId; readonly membership: Membership | null }
  /** At the bot's level or above: only they can lower themselves. */
  | { readonly differs: "rival"; readonly user: UserId; readonly level: number }
  | {
      readonly differs: "state";
      readonly type: string;
      readonly expected: Content | null;
      readonly actual: Content | null;
    }
  /** Missing from the direct chats in the user's client. */
  | { readonly differs: "direct"; readonly user: UserId; readonly other: UserId };

export function differencesOf(expected: ExpectedRoom, actual: ActualRoom): Difference[] {
  return [
    ...beyondRepair(expected, actual),
    ...rivals(expected, actual),
    ...memberships(expected, actual),
    ...states(expected, actual),
    ...directs(expected, actual),
  ];
}

const inRoom = (membership: Membership | undefined): boolean =>
  membership === "join" || membership === "invite" || membership === "knock";

function* beyondRepair(expected: ExpectedRoom, actual: ActualRoom): Generator<Difference> {
  const { settings } = expected;
  const found = (reason: ReplaceReason, is: string): Difference => ({
    differs: "beyond-repair",
    reason,
    actual: is,
  });
  if (actual.version !== ROOM_VERSION) yield found("version", actual.version);
  if (!isBlank(actual.state["m.room.encryption"])) yield found("encrypted", "encrypted");
  if (!isBlank(actual.state["m.room.tombstone"])) yield found("tombstone", "closed by a tombstone");
  if (actual.creator !== null && actual.creator !== settings.bot && !isOurs(settings, actual.creator)) {
    yield found("creator", actual.creator);
  }
  const bot = actual.members.get(settings.bot)?.membership;
  if (bot !== "join") {
    yield found("bot-missing", bot ?? "never joined");
    return; // its power is of no use then
  }
  const powerless = whyPowerless(expected, actual);
  if (powerless !== null) yield found("bot-powerless", powerless);
}

function whyPowerless({ settings }: ExpectedRoom, actual: ActualRoom): string | null {
  const levels = readPowerLevels(actual.state["m.room.power_levels"], actual.creator);
  const own = levelOf(levels, settings.bot);
  if (own < BOT_LEVEL) return `the bot has level ${own}`;
  const needed = highestNeeded(levels);
  if (needed > own) return `something needs level ${needed}`;
  for (const user of Object.keys(levels.users) as UserId[]) {
    if (user === settings.bot || levelOf(levels, user) < BOT_LEVEL) continue;
    const lowersItself = isOurs(settings, user) && actual.members.get(user)?.membership === "join";
    if (!lowersItself) return `${user} has level ${levelOf(levels, user)}`;
  }
  return null;
}

function* rivals({ settings }: ExpectedRoom, actual: ActualRoom): Generator<Difference> {
  const levels = readPowerLevels(actual.state["m.room.power_levels"], actual.creator);
  for (const user of (Object.keys(levels.users) as UserId[]).sort()) {
    const level = levelOf(levels, user);
    if (user !== settings.bot && level >= BOT_LEVEL) yield { differs: "rival", user, level };
  }
}

function* memberships(expected: ExpectedRoom, actual: ActualRoom): Generator<Difference> {
  const { settings, members } = expected;
  for (const [user, { membership, forgotten }] of actual.members) {
    if (members.has(user)) continue;
    if (inRoom(membership)) yield { differs: "extra", user, membership };
    // Whisper can forget a room only as its own accounts.
    else if (!forgotten && isOurs(settings, user)) yield { differs: "unforgotten", user, membership };
  }
  for (const user of members) {
    const membership = actual.members.get(user)?.membership ?? null;
    if (membership !== "join" && user !== settings.bot) yield { differs: "missing", user, membership };
  }
}

function* states(expected: ExpectedRoom, actual: ActualRoom): Generator<Difference> {
  for (const [type, content] of Object.entries(expected.state)) {
    const is = actual.state[type];
    if (type === "m.room.encryption" || type === "m.room.tombstone") continue; // cannot be taken back: see beyondRepair
    if (expected.editable.has(type) && !isBlank(is)) continue;
    if (type === "m.room.power_levels") {
      const ought = readPowerLevels(content ?? {}, null);
      const differ = levelDifferences(ought, readPowerLevels(is, actual.creator)).length > 0;
      if (differ) yield { differs: "state", type, expected: content, actual: is ?? null };
    } else if (content === null ? !isBlank(is) : !sameContent(content, is)) {
      yield { differs: "state", type, expected: content, actual: is ?? null };
    }
  }
}

function* directs(expected: ExpectedRoom, actual: ActualRoom): Generator<Difference> {
  for (const [user, other] of expected.direct) {
    if (!actual.direct.has(user)) yield { differs: "direct", user, other };
  }
}

/** No such event, or one that says nothing: an emptied name is an event with `{}` or `{"name": ""}`. */
const isBlank = (content: Content | undefined): boolean =>
  content === undefined || Object.values(content).every((value) => value === "" || value === null);

/** Equal JSON, whatever the order of its keys. */
export function sameContent(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(other, key) &&
      sameContent(one[key as keyof typeof one], other[key as keyof typeof other]),
  );
}
