/** The steps that repair a room, in an order in which nobody can read or write too much along the way. */

import type { ActualRoom, ExpectedRoom, RoomStep, Step, UserId } from "../model.ts";
import { isOurs } from "../names/names.ts";
import { type Difference, differencesOf } from "./differences.ts";
import { levelOf, readPowerLevels } from "./level-meaning.ts";
import { BOT_LEVEL } from "./power-levels.ts";

type Of<Kind extends Difference["differs"]> = Extract<Difference, { readonly differs: Kind }>;

/** Who can see what, before anything that only names or describes. */
const TIGHTENING = [
  "m.room.join_rules",
  "m.room.guest_access",
  "m.room.history_visibility",
  "m.room.power_levels",
];

/**
 * Steps from the actual room (null: there is none) to the expected one; none if they already agree.
 *
 * `create` makes a room with all of its state and only the bot in it; the steps after it fill it. `replace` stands
 * alone: the room is abandoned, everyone leaves and forgets it, and the conversation has no room until it gets a new
 * one.
 */
export function diffRoom(expected: ExpectedRoom, actual: ActualRoom | null): Step[] {
  if (actual === null) return [{ step: "create", expected }, ...fill(expected)];
  const differences = differencesOf(expected, actual);
  const of = <Kind extends Difference["differs"]>(kind: Kind) =>
    differences.filter((difference): difference is Of<Kind> => difference.differs === kind);

  const [hopeless] = of("beyond-repair");
  if (hopeless !== undefined) return [{ step: "replace", reason: hopeless.reason }];
  return [
    ...dethrone(expected, actual, of("rival")),
    ...remove(expected, of("extra")),
    ...of("unforgotten").map(({ user }): Step => ({ step: "forget", user })),
    ...setState(of("state")),
    ...admit(of("missing")),
    ...of("direct").map(({ user, other }): Step => ({ step: "direct", user, other })),
  ];
}

function fill(expected: ExpectedRoom): Step[] {
  const joins = [...expected.members].filter((user) => user !== expected.settings.bot);
  return [
    ...joins.map((user): Step => ({ step: "join", user })),
    ...[...expected.direct].map(([user, other]): Step => ({ step: "direct", user, other })),
  ];
}

/**
 * Everyone at the bot's level lowers themselves, one after another, before anything else: until then they cannot be
 * removed. A default level of 100 puts everyone else at that level; the bot can change that itself.
 */
function dethrone(expected: ExpectedRoom, actual: ActualRoom, rivals: readonly Of<"rival">[]): Step[] {
  const type = "m.room.power_levels";
  const content = expected.state[type];
  const current = actual.state[type];
  const levels = readPowerLevels(current, actual.creator);
  if (content === null || content === undefined) return [];
  const ought = readPowerLevels(content, null);
  const users: Record<string, number> = { ...levels.users };
  const steps = rivals.map(({ user }): Step => {
    users[user] = levelOf(ought, user);
    return { step: "state", type, content: { ...current, users: { ...users } }, as: user };
  });
  if (levels.users_default >= BOT_LEVEL) steps.push({ step: "state", type, content });
  return steps;
}

/** A removal is followed by forgetting: a kick alone leaves the history readable. */
const remove = (expected: ExpectedRoom, extras: readonly Of<"extra">[]): Step[] =>
  extras.flatMap(({ user }): Step[] => [
    { step: "kick", user },
    ...(isOurs(expected.settings, user) ? [{ step: "forget", user } as const] : []),
  ]);

function setState(differing: readonly Of<"state">[]): Step[] {
  const rank = ({ type }: Of<"state">) => (TIGHTENING.includes(type) ? 0 : 1);
  return differing
    .toSorted((one, other) => rank(one) - rank(other))
    .map(({ type, expected }): Step => ({ step: "state", type, content: expected ?? EMPTIED[type] ?? {} }));
}

/**
 * State cannot be removed, only emptied. Synapse refuses these (400) without their text, which the specification
 * requires.
 */
const EMPTIED: ExpectedRoom["state"] = { "m.room.name": { name: "" }, "m.room.topic": { topic: "" } };

const admit = (missing: readonly Of<"missing">[]): Step[] =>
  missing.flatMap(({ user, membership }): Step[] => [
    ...(membership === "ban" ? [{ step: "unban", user } as const] : []),
    { step: "join", user },
  ]);

/**
 * Removes everyone but the bot from a room that should not exist, and makes them forget it. Bans are lifted first: an
 * account of ours must be able to return when the conversation does.
 */
export function closingSteps(settings: ExpectedRoom["settings"], actual: ActualRoom): RoomStep[] {
  return [...actual.members].flatMap(([user, { membership, forgotten }]): RoomStep[] => {
    if (user === settings.bot) return [];
    const ours = isOurs(settings, user);
    const forget: RoomStep[] = ours ? [{ step: "forget", user: user as UserId }] : [];
    if (membership === "leave") return forgotten ? [] : forget;
    if (membership === "ban") return ours ? [{ step: "unban", user }, ...forget] : [];
    return [{ step: "kick", user }, ...forget];
  });
}
