/** The whole room of a conversation as the directory and the rules say it should be. */

import {
  type Conversation,
  type CustomGroup,
  type Directory,
  type ExpectedRoom,
  MARKER_TYPE,
  type Marker,
  type PracticeSettings,
  SERVICE_MEMBERS_TYPE,
  type UserId,
} from "../model.ts";
import { groupHandleOf, userIdOf } from "../names/names.ts";
import { pictureOfConversation, pictureUri } from "../names/pictures.ts";
import { otherOf } from "../people/individual.ts";
import { defaultName } from "../people/members.ts";
import { canonicalSelection } from "../people/selection.ts";
import * as words from "../words.ts";
import { oughtToHavePeople, peopleOf, standingGroups } from "./expected-members.ts";
import { powerLevelsOf } from "./power-levels.ts";

/** Creators in version 12 cannot be overruled, so every room uses this version. */
export const ROOM_VERSION = "11";

type Content = Readonly<Record<string, unknown>>;

/** The expected room, or null if nobody should be in it (see `oughtToHavePeople`). */
export function expectedRoom(
  conversation: Conversation,
  directory: Directory,
  settings: PracticeSettings,
): ExpectedRoom | null {
  if (!oughtToHavePeople(conversation, directory)) return null;
  const handles = standingGroups(conversation, directory).map((target) => groupHandleOf(settings, target));
  const members = new Set<UserId>([settings.bot, ...handles]);
  for (const username of peopleOf(conversation, directory)) members.add(userIdOf(settings, username));
  return {
    conversation,
    settings,
    state: {
      "m.room.name": orNone("name", conversationName(conversation, directory)),
      "m.room.avatar": orNone("url", avatarOf(conversation, settings)),
      "m.room.topic": orNone("topic", topicOf(conversation, directory, settings)),
      "m.room.join_rules": { join_rule: "invite" },
      "m.room.history_visibility": { history_visibility: "shared" },
      "m.room.guest_access": { guest_access: "forbidden" },
      "m.room.power_levels": { ...powerLevelsOf(conversation, directory, settings) },
      "m.room.encryption": null,
      "m.room.tombstone": null,
      [MARKER_TYPE]: markerOf(conversation, directory),
      [SERVICE_MEMBERS_TYPE]: serviceMembers(conversation, settings, handles),
    },
    editable: new Set(conversation.kind === "custom" ? ["m.room.avatar"] : []),
    members,
    direct: directOf(conversation, directory, settings),
  };
}

const orNone = (key: string, text: string | null): Content | null => (text === null ? null : { [key]: text });

/** Null: clients name the room after the people in it. */
export function conversationName(conversation: Conversation, directory: Directory): string | null {
  switch (conversation.kind) {
    case "alerts":
      return words.alertsName;
    case "arrivals":
      return words.arrivalsName;
    case "admin":
      return words.adminName;
    case "individual":
    case "control":
      return null;
    case "group":
      return directory.securityGroups.get(conversation.securityGroup)?.name ?? words.emptyGroup;
    case "custom": {
      const group = directory.customGroups.get(conversation.id);
      if (group === undefined) return words.emptyGroup;
      return group.name ?? defaultName(directory, group);
    }
  }
}

function avatarOf({ kind }: Conversation, { serverName }: PracticeSettings): string | null {
  const picture = pictureOfConversation(kind);
  return picture === null ? null : pictureUri(serverName, picture);
}

function topicOf(
  conversation: Conversation,
  directory: Directory,
  settings: PracticeSettings,
): string | null {
  switch (conversation.kind) {
    case "alerts":
      return words.alertsTopic(settings.practiceName);
    case "arrivals":
      return words.arrivalsTopic;
    case "admin":
      return words.adminTopic;
    case "control":
      return words.controlTopic;
    case "group":
      return words.groupTopic(conversationName(conversation, directory) ?? "");
    case "individual":
    case "custom":
      return null;
  }
}

/** Enough to rebuild the database from the rooms. */
function markerOf(conversation: Conversation, directory: Directory): Marker {
  const { kind, id, revision } = conversation;
  switch (conversation.kind) {
    case "alerts":
    case "admin":
      return { kind, id, revision };
    case "arrivals":
    case "control":
      return { kind, id, revision, user: conversation.user };
    case "individual":
      return { kind, id, revision, users: conversation.pair.toSorted() };
    case "group":
      return { kind, id, revision, security_group: conversation.securityGroup };
    case "custom": {
      const group = directory.customGroups.get(conversation.id);
      return group === undefined ? { kind, id, revision } : { kind, id, revision, ...putTogether(group) };
    }
  }
}

function putTogether(group: CustomGroup): Content {
  const { users, securityGroups, customGroups } = canonicalSelection(group);
  return {
    created_by: group.createdBy,
    members: { users, security_groups: securityGroups, custom_groups: customGroups },
  };
}

/**
 * Clients name an unnamed room after its members except these. In a control room people talk to the bot: leaving it out
 * would leave the room without a name.
 */
function serviceMembers(
  conversation: Conversation,
  settings: PracticeSettings,
  handles: readonly UserId[],
): Content | null {
  if (conversation.kind === "control") return null;
  return { service_members: [settings.bot, ...handles.toSorted()] };
}

function directOf(
  conversation: Conversation,
  directory: Directory,
  settings: PracticeSettings,
): ReadonlyMap<UserId, UserId> {
  const direct = new Map<UserId, UserId>();
  for (const username of peopleOf(conversation, directory)) {
    const user = userIdOf(settings, username);
    if (conversation.kind === "control") direct.set(user, settings.bot);
    else if (conversation.kind === "individual") {
      direct.set(user, userIdOf(settings, otherOf(conversation.pair, username)));
    } else break;
  }
  return direct;
}
