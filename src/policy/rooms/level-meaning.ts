/** What the content of m.room.power_levels means, with the Matrix spec's defaults for what it leaves out. */

import type { PowerLevels, UserId } from "../model.ts";

type Content = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Content =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Since room version 10 a level is an integer; Synapse accepts nothing else. */
const level = (value: unknown, otherwise: number): number =>
  Number.isInteger(value) ? Number(value) : otherwise;

function levelMap(value: unknown): Record<string, number> {
  const found: Record<string, number> = {};
  if (!isObject(value)) return found;
  for (const [key, entry] of Object.entries(value)) if (Number.isInteger(entry)) found[key] = Number(entry);
  return found;
}

/** Client-server API, "m.room.power_levels". Without the event only the creator has power, and state needs none. */
export function readPowerLevels(content: Content | undefined, creator: UserId | null): PowerLevels {
  const given = content ?? {};
  const none = content === undefined;
  return {
    ban: level(given.ban, 50),
    events: levelMap(given.events),
    events_default: level(given.events_default, 0),
    invite: level(given.invite, 0),
    kick: level(given.kick, 50),
    notifications: { room: level(isObject(given.notifications) ? given.notifications.room : undefined, 50) },
    redact: level(given.redact, 50),
    state_default: level(given.state_default, none ? 0 : 50),
    users: none && creator !== null ? { [creator]: 100 } : levelMap(given.users),
    users_default: level(given.users_default, 0),
  };
}

export const levelOf = (levels: PowerLevels, user: UserId): number =>
  levels.users[user] ?? levels.users_default;

const SINGLE = [
  "ban",
  "events_default",
  "invite",
  "kick",
  "redact",
  "state_default",
  "users_default",
] as const;

/** One level that differs. `what` is a key, `users @a:b`, or `events m.room.name`. */
export interface LevelDifference {
  readonly what: string;
  readonly expected: number;
  readonly actual: number;
}

/** Where the meaning of two contents differs. An entry that repeats the default is not a difference. */
export function levelDifferences(expected: PowerLevels, actual: PowerLevels): LevelDifference[] {
  const found: LevelDifference[] = [];
  const compare = (what: string, one: number, other: number) => {
    if (one !== other) found.push({ what, expected: one, actual: other });
  };
  for (const key of SINGLE) compare(key, expected[key], actual[key]);
  compare("notifications room", expected.notifications.room, actual.notifications.room);
  for (const user of keysOfBoth(expected.users, actual.users)) {
    compare(`users ${user}`, levelOf(expected, user as UserId), levelOf(actual, user as UserId));
  }
  for (const type of keysOfBoth(expected.events, actual.events)) {
    // A type is sent either as state or as a message; the defaults that replace a missing entry differ.
    const asState = [
      expected.events[type] ?? expected.state_default,
      actual.events[type] ?? actual.state_default,
    ];
    const asMessage = [
      expected.events[type] ?? expected.events_default,
      actual.events[type] ?? actual.events_default,
    ];
    const [one = 0, other = 0] = asState[0] === asState[1] ? asMessage : asState;
    compare(`events ${type}`, one, other);
  }
  return found;
}

const keysOfBoth = (one: object, other: object): Set<string> =>
  new Set([...Object.keys(one), ...Object.keys(other)]);

/** The highest level that anything in the room needs: the bot must reach it to repair the room. */
export const highestNeeded = (levels: PowerLevels): number =>
  Math.max(...SINGLE.map((key) => levels[key]), levels.notifications.room, ...Object.values(levels.events));
