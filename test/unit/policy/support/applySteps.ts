import type {
  ActualMember,
  ActualRoom,
  Membership,
  RoomId,
  Step,
  UserId,
} from "../../../../src/policy/model.ts";
import { levelOf, readPowerLevels } from "../../../../src/policy/rooms/level-meaning.ts";

/**
 * Applies the steps as a homeserver would, and refuses what a homeserver refuses. That is why their order matters.
 * `replace` leaves no room.
 */
export function applySteps(
  actual: ActualRoom | null,
  steps: readonly Step[],
  bot: UserId,
): ActualRoom | null {
  return steps.reduce<ActualRoom | null>((room, step) => apply(room, step, bot), actual);
}

function apply(room: ActualRoom | null, step: Step, bot: UserId): ActualRoom | null {
  if (step.step === "replace") return null;
  if (step.step === "create") {
    if (room !== null) throw new Error("there is a room already");
    return fresh(step, bot);
  }
  if (room === null) throw new Error(`${step.step} without a room`);
  const levels = readPowerLevels(room.state["m.room.power_levels"], room.creator);
  const own = levelOf(levels, bot);
  const now = "user" in step ? room.members.get(step.user) : undefined;
  switch (step.step) {
    case "join":
      if (now?.membership === "ban") throw new Error("cannot join: banned");
      return member(room, step.user, "join");
    case "kick":
      if (now === undefined || now.membership === "leave" || now.membership === "ban")
        throw new Error("not there");
      if (levelOf(levels, step.user) >= own) throw new Error("cannot kick an equal");
      return member(room, step.user, "leave");
    case "unban":
      if (now?.membership !== "ban") throw new Error("not banned");
      return member(room, step.user, "leave");
    case "forget":
      if (now === undefined || (now.membership !== "leave" && now.membership !== "ban"))
        throw new Error("still there");
      return withMember(room, step.user, { ...now, forgotten: true });
    case "state":
      mustHoldItsText(step.type, step.content);
      if (step.type === "m.room.power_levels") mayChangeLevels(room, step.as ?? bot, step.content);
      return { ...room, state: { ...room.state, [step.type]: step.content } };
    case "direct":
      return { ...room, direct: new Set(room.direct).add(step.user) };
  }
}

/** Synapse 1.160, `synapse/events/validator.py`: 400 "'topic' not in content". */
function mustHoldItsText(type: string, content: Readonly<Record<string, unknown>>): void {
  const key = { "m.room.name": "name", "m.room.topic": "topic" }[type];
  if (key !== undefined && typeof content[key] !== "string") throw new Error(`'${key}' not in content`);
}

function fresh({ expected }: Extract<Step, { step: "create" }>, bot: UserId): ActualRoom {
  const state = Object.fromEntries(
    Object.entries(expected.state).flatMap(([type, content]) => (content === null ? [] : [[type, content]])),
  );
  const members = new Map<UserId, ActualMember>([[bot, { membership: "join", forgotten: false }]]);
  return { roomId: "!new" as RoomId, version: "11", creator: bot, state, members, direct: new Set() };
}

const member = (room: ActualRoom, user: UserId, membership: Membership): ActualRoom =>
  withMember(room, user, { membership, forgotten: false });

const withMember = (room: ActualRoom, user: UserId, is: ActualMember): ActualRoom => ({
  ...room,
  members: new Map(room.members).set(user, is),
});

/** Matrix spec, room version 11, authorization rules for m.room.power_levels. */
function mayChangeLevels(room: ActualRoom, sender: UserId, content: Readonly<Record<string, unknown>>): void {
  if (room.members.get(sender)?.membership !== "join") throw new Error("the sender is not in the room");
  const before = readPowerLevels(room.state["m.room.power_levels"], room.creator);
  const after = readPowerLevels(content, null);
  const own = levelOf(before, sender);
  if (own < (before.events["m.room.power_levels"] ?? before.state_default))
    throw new Error("no power over levels");
  for (const user of new Set([...Object.keys(before.users), ...Object.keys(after.users)])) {
    const [was, is] = [before.users[user], after.users[user]];
    if (was === is) continue;
    if (is !== undefined && is > own) throw new Error("raised above oneself");
    if (user !== sender && was !== undefined && was >= own)
      throw new Error(`cannot change the level of ${user}`);
  }
  const numbers = (levels: typeof before): Record<string, number> => ({
    ...levels.events,
    ban: levels.ban,
    kick: levels.kick,
    redact: levels.redact,
    invite: levels.invite,
    events_default: levels.events_default,
    state_default: levels.state_default,
    users_default: levels.users_default,
  });
  const [was, is] = [numbers(before), numbers(after)];
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (was[key] === is[key]) continue;
    if ((was[key] ?? 0) > own || (is[key] ?? 0) > own) throw new Error(`cannot change ${key}`);
  }
}
