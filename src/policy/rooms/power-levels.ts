/** The power levels of each kind of room: what applies even while Whisper is down. */

import type { Conversation, Directory, PowerLevels, PracticeSettings, UserId, Username } from "../model.ts";
import { MARKER_TYPE, SERVICE_MEMBERS_TYPE } from "../model.ts";
import { groupHandleOf, userIdOf } from "../names/names.ts";
import { writersOf, writersOfFew } from "../people/individual.ts";
import { accessIndex } from "../people/permissions.ts";
import { peopleOf, standingGroups } from "./expected-members.ts";

/** Only the bot reaches this. */
export const BOT_LEVEL = 100;
/**
 * Above the other editors, because nobody can remove an equal (Matrix spec, room version 11, rules for m.room.member).
 * The others remove people through Whisper (`remove … from …`). Nobody takes over from a creator who has left: that
 * would follow a rule nobody can see, and everyone has the command.
 */
export const CREATOR_LEVEL = 60;
export const EDITOR_LEVEL = 50;
const ANYBODY = 0;

/** What a room is, and who can be in it: only the bot may set these, in every kind of room. */
const SETTINGS_TYPES = [
  MARKER_TYPE,
  SERVICE_MEMBERS_TYPE,
  "m.room.avatar",
  "m.room.canonical_alias",
  "m.room.encryption",
  "m.room.guest_access",
  "m.room.history_visibility",
  "m.room.join_rules",
  "m.room.name",
  "m.room.pinned_events",
  "m.room.power_levels",
  "m.room.server_acl",
  "m.room.third_party_invite",
  "m.room.tombstone",
  "m.room.topic",
  "m.space.child",
  "m.space.parent",
] as const;

/** What the editors of a custom group may set in any client. Only Whisper sets its topic. */
const EDITABLE_TYPES = ["m.room.avatar", "m.room.name", "m.room.pinned_events"] as const;

export const isEditable = (type: string): boolean => EDITABLE_TYPES.some((editable) => editable === type);

interface Rules {
  readonly users?: Iterable<readonly [UserId, number]>;
  readonly usersDefault?: number;
  readonly toWrite?: number;
  readonly toEdit?: number;
}

function levels(settings: PracticeSettings, rules: Rules): PowerLevels {
  const toEdit = rules.toEdit ?? BOT_LEVEL;
  const events = Object.fromEntries(SETTINGS_TYPES.map((type) => [type, BOT_LEVEL]));
  for (const type of EDITABLE_TYPES) events[type] = toEdit;
  const users = new Map([...(rules.users ?? [])].sort(([one], [other]) => (one < other ? -1 : 1)));
  users.set(settings.bot, BOT_LEVEL);
  return {
    ban: BOT_LEVEL,
    events,
    events_default: rules.toWrite ?? ANYBODY,
    invite: toEdit,
    kick: toEdit,
    notifications: { room: EDITOR_LEVEL },
    redact: BOT_LEVEL, // other people's: one's own can be redacted by anyone who may send the redaction
    state_default: BOT_LEVEL,
    users: Object.fromEntries(users),
    users_default: rules.usersDefault ?? ANYBODY,
  };
}

/** The whole content of m.room.power_levels, every default written out. */
export function powerLevelsOf(
  conversation: Conversation,
  directory: Directory,
  settings: PracticeSettings,
): PowerLevels {
  switch (conversation.kind) {
    case "alerts":
      return levels(settings, { toWrite: BOT_LEVEL });
    case "arrivals":
    case "control":
    case "group":
    case "admin":
      return levels(settings, {});
    case "individual":
      return readOnlyFor(settings, writersOf(directory, conversation.pair), 2);
    case "custom":
      return ofCustomGroup(conversation, directory, settings);
  }
}

/**
 * Everyone writes, or only the given people do. Reactions, edits and redactions carry text, so they count as writing.
 */
function readOnlyFor(settings: PracticeSettings, writers: readonly Username[], all: number): PowerLevels {
  if (writers.length === all) return levels(settings, {});
  return levels(settings, {
    toWrite: EDITOR_LEVEL,
    users: writers.map((writer) => [userIdOf(settings, writer), EDITOR_LEVEL] as const),
  });
}

/**
 * If every member may edit, the default carries the level. A list of members would exceed the largest event (65,536
 * bytes) at about 1,500 of them, and change with each. Handles stay below, so that an editor can remove them.
 */
function ofCustomGroup(
  conversation: Conversation,
  directory: Directory,
  settings: PracticeSettings,
): PowerLevels {
  const people = peopleOf(conversation, directory);
  const writers = writersOfFew(directory, people);
  if (writers !== null) return readOnlyFor(settings, writers, 2);

  const creator = directory.customGroups.get(conversation.id)?.createdBy;
  const creatorLevel: Array<readonly [UserId, number]> =
    creator !== undefined && people.has(creator) ? [[userIdOf(settings, creator), CREATOR_LEVEL]] : [];
  switch (settings.customGroupsEditedBy) {
    case "members": {
      const handles = standingGroups(conversation, directory).map(
        (target) => [groupHandleOf(settings, target), ANYBODY] as const,
      );
      return levels(settings, {
        toEdit: EDITOR_LEVEL,
        usersDefault: EDITOR_LEVEL,
        users: [...handles, ...creatorLevel],
      });
    }
    case "creator":
      return levels(settings, { toEdit: EDITOR_LEVEL, users: creatorLevel });
    case "admins": {
      const admins = [...accessIndex(directory).admins].filter((admin) => people.has(admin));
      const users = admins.map((admin) => [userIdOf(settings, admin), EDITOR_LEVEL] as const);
      return levels(settings, { toEdit: EDITOR_LEVEL, users });
    }
  }
}
