/** The ways in which somebody stops being a member of a conversation. */
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { atSynapse, roomPath } from "./behind-whisper.ts";
import { editConversation, openConversation } from "./conversation-api.ts";
import type { Known } from "./every-read.ts";
import type { TestStack } from "./stack.ts";
import { putGroup, putUser, roomOfKind, unique } from "./staff.ts";

/** Who is there before somebody leaves, and stays. */
export interface Stayers {
  readonly stack: TestStack;
  readonly author: string;
  readonly authorAt: Person;
  readonly third: string;
}

interface Entered {
  readonly id: string;
  readonly room: string;
  /** The security group through which they are in it. */
  readonly group?: string;
}

/** One way out of a conversation, and the room as the person who left knew it. */
export interface Scene extends Entered {
  readonly way: WayOut;
  readonly username: string;
  readonly person: Person;
  /** In every text and file in the room: whoever sees it can read. */
  readonly secret: string;
  known: Known;
}

export interface WayOut {
  readonly name: string;
  /** Puts the person into a conversation with the author. */
  readonly enter: (stayers: Stayers, username: string) => Promise<Entered>;
  readonly leave: (stayers: Stayers, scene: Scene) => Promise<unknown>;
  /** The last step, which comes while Whisper is stopped and everything is allowed. */
  readonly behind?: (stayers: Stayers, scene: Scene) => Promise<unknown>;
  /** The account is locked: every answer is 401. */
  readonly locked?: true;
}

const openGroup = (
  { stack, author }: Stayers,
  users: readonly string[],
  groups: readonly string[] = [],
  customs: readonly string[] = [],
) =>
  openConversation(
    stack,
    author,
    { users, security_groups: groups, custom_groups: customs },
    unique("Group"),
  );

const withThird: WayOut["enter"] = (stayers, username) => openGroup(stayers, [username, stayers.third]);

async function teamOf({ stack, third }: Stayers, username: string): Promise<string> {
  const group = unique("Team");
  await putGroup(stack, group, [username, third]);
  return group;
}

const inNestedGroup: WayOut["enter"] = async (stayers, username) => {
  const group = await teamOf(stayers, username);
  return { ...(await openGroup(stayers, [stayers.third], [group])), group };
};

const leaveNestedGroup: WayOut["leave"] = ({ stack, third }, { group = "" }) =>
  putGroup(stack, group, [third]);

const removeThroughApi: WayOut["leave"] = ({ stack, author }, { id, username }) =>
  editConversation(stack, id, { as: author, remove: { users: [username] } });

const asBot = (stack: TestStack, what: "invite" | "kick" | "ban" | "unban", { room, username }: Scene) =>
  atSynapse(stack, "POST", `${roomPath(room)}/${what}`, { user_id: stack.userId(username) });

export const WAYS_OUT: readonly WayOut[] = [
  {
    name: "kicked by a member in a client",
    enter: withThird,
    leave: ({ stack, authorAt }, { room, username }) => authorAt.kick(room, stack.userId(username)),
  },
  {
    name: "removed through the API",
    enter: withThird,
    leave: removeThroughApi,
  },
  {
    name: "removed by a command",
    enter: withThird,
    leave: async ({ authorAt }, { id, username }) => {
      const control = await roomOfKind(authorAt, "control");
      await authorAt.sendText(control.roomId, `remove ${username} from @ht_grp_custom+${id}:localhost`);
    },
  },
  {
    name: "no longer in a nested security group",
    enter: inNestedGroup,
    leave: leaveNestedGroup,
  },
  {
    name: "no longer in a group nested two deep",
    enter: async (stayers, username) => {
      const group = await teamOf(stayers, username);
      const inner = await openGroup(stayers, [stayers.third], [group]);
      return { ...(await openGroup(stayers, [stayers.third], [], [inner.id])), group };
    },
    leave: leaveNestedGroup,
  },
  {
    name: "in a group whose handle is kicked",
    enter: inNestedGroup,
    leave: ({ authorAt }, { room, group }) =>
      authorAt.kick(room, `@ht_grp_${group?.toLowerCase()}:localhost`),
  },
  {
    name: "no longer in the security group whose conversation it is",
    enter: async ({ stack, author, authorAt }, username) => {
      const group = unique("Team");
      await putGroup(stack, group, [username, author]);
      const { roomId } = await roomOfKind(authorAt, "group", group);
      return { id: group, room: roomId, group };
    },
    leave: ({ stack, author }, { group = "" }) => putGroup(stack, group, [author]),
  },
  {
    name: "in a security group that is deleted from under a custom group",
    enter: inNestedGroup,
    leave: ({ stack }, { group }) => mustCallApi(stack, "DELETE", `/api/v1/security-groups/${group}`),
  },
  {
    name: "gone by themselves",
    enter: withThird,
    leave: (_stayers, { person, room }) => person.leave(room),
  },
  {
    name: "removed, added and removed again",
    enter: withThird,
    leave: async ({ stack, author }, { id, username }) => {
      for (const edit of [
        { remove: { users: [username] } },
        { add: { users: [username] } },
        { remove: { users: [username] } },
      ])
        await editConversation(stack, id, { as: author, ...edit });
    },
  },
  {
    name: "removed while everybody writes",
    enter: withThird,
    leave: async ({ stack, author, authorAt }, { id, room, username, secret }) => {
      const writing = Array.from({ length: 8 }, (_, count) =>
        authorAt.sendText(room, `${secret} roster, message ${count} of many`),
      );
      await editConversation(stack, id, { as: author, remove: { users: [username] } });
      await Promise.all(writing);
    },
  },
  {
    name: "deactivated",
    enter: withThird,
    leave: ({ stack }, { username }) => putUser(stack, username, { active: false }),
    locked: true,
  },
  {
    name: "without AccessWhisper any more",
    enter: withThird,
    leave: async ({ stack }, { username }) => {
      await mustCallApi(stack, "PUT", "/api/v1/security-groups/Default", {
        id: "Default",
        name: "Default",
        members: [],
        permissions: [],
      });
      return username;
    },
    locked: true,
  },
  {
    name: "removed, and then invited and uninvited behind Whisper's back",
    enter: withThird,
    leave: removeThroughApi,
    behind: async ({ stack }, scene) => {
      await asBot(stack, "invite", scene);
      await asBot(stack, "kick", scene);
    },
  },
  {
    name: "removed, and then invited, and has declined",
    enter: withThird,
    leave: removeThroughApi,
    behind: async ({ stack }, scene) => {
      await asBot(stack, "invite", scene);
      await atSynapse(stack, "POST", `${roomPath(scene.room)}/leave`, {}, stack.userId(scene.username));
    },
  },
  {
    name: "removed, and then banned and unbanned",
    enter: withThird,
    leave: removeThroughApi,
    behind: async ({ stack }, scene) => {
      await asBot(stack, "ban", scene);
      await asBot(stack, "unban", scene);
    },
  },
  {
    name: "removed, and then banned for good",
    enter: withThird,
    leave: removeThroughApi,
    behind: ({ stack }, scene) => asBot(stack, "ban", scene),
  },
];
