import { expect } from "chai";
import { MsgType } from "matrix-js-sdk";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { atSynapse, behindWhisper } from "../../support/stack/behind-whisper.ts";
import { editConversation, openConversation } from "../../support/stack/conversation-api.ts";
import { EVERY_READ, type Known, readEverything, syncToken } from "../../support/stack/every-read.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

/** One way out of a conversation, and the room as the one who went knew it. */
interface Scene {
  readonly way: Way;
  readonly username: string;
  readonly person: Person;
  readonly id: string;
  readonly room: string;
  /** In every text and file of the room: whoever sees it can read. */
  readonly secret: string;
  known: Known;
}

interface Way {
  readonly name: string;
  /** Puts the person into a conversation with the author. */
  readonly enter: (username: string) => Promise<{ id: string; room: string }>;
  readonly leave: (scene: Scene) => Promise<unknown>;
  /** What comes after that and is the last of it, while Whisper is stopped and everything is allowed. */
  readonly behind?: (scene: Scene) => Promise<unknown>;
  /** The account is locked: every answer is 401. */
  readonly locked?: true;
}

describe("Removed members lose access to the conversation and its history", function () {
  this.timeout(240_000);
  let stack: TestStack;
  const author = unique("author");
  const third = unique("third");
  let authorAt: Person;
  const scenes: Scene[] = [];

  const at = (room: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
  const custom = (
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
  const withGroup = async (username: string) => {
    const group = unique("Team");
    await putGroup(stack, group, [username, third]);
    return group;
  };
  const groups = new Map<string, string>();
  const asBot = (method: string, path: string, body: object) => atSynapse(stack, method, path, body);
  const userId = (scene: Scene) => ({ user_id: stack.userId(scene.username) });

  const removedThroughApi = ({ id, username }: Scene) =>
    editConversation(stack, id, { as: author, remove: { users: [username] } });

  const ways: readonly Way[] = [
    {
      name: "kicked by a member in a client",
      enter: (username) => custom([username, third]),
      leave: (scene) => authorAt.kick(scene.room, stack.userId(scene.username)),
    },
    {
      name: "removed through the API",
      enter: (username) => custom([username, third]),
      leave: removedThroughApi,
    },
    {
      name: "removed by a command",
      enter: (username) => custom([username, third]),
      leave: async ({ id, username }) => {
        const control = await roomOfKind(authorAt, "control");
        await authorAt.sendText(control.roomId, `remove ${username} from @ht_grp_custom+${id}:localhost`);
      },
    },
    {
      name: "no longer in a nested security group",
      enter: async (username) => {
        const group = await withGroup(username);
        groups.set(username, group);
        return custom([third], [group]);
      },
      leave: ({ username }) => putGroup(stack, groups.get(username) ?? "", [third]),
    },
    {
      name: "no longer in a group nested two deep",
      enter: async (username) => {
        const group = await withGroup(username);
        groups.set(username, group);
        return custom([third], [], [(await custom([third], [group])).id]);
      },
      leave: ({ username }) => putGroup(stack, groups.get(username) ?? "", [third]),
    },
    {
      name: "in a group whose handle is kicked",
      enter: async (username) => {
        const group = await withGroup(username);
        groups.set(username, group);
        return custom([third], [group]);
      },
      leave: ({ room, username }) =>
        authorAt.kick(room, `@ht_grp_${(groups.get(username) ?? "").toLowerCase()}:localhost`),
    },
    {
      name: "no longer in the security group whose conversation it is",
      enter: async (username) => {
        const group = unique("Team");
        groups.set(username, group);
        await putGroup(stack, group, [username, author]);
        const { roomId } = await roomOfKind(authorAt, "group", group);
        return { id: group, room: roomId };
      },
      leave: ({ username }) => putGroup(stack, groups.get(username) ?? "", [author]),
    },
    {
      name: "in a security group that is deleted from under a custom group",
      enter: async (username) => {
        const group = await withGroup(username);
        groups.set(username, group);
        return custom([third], [group]);
      },
      leave: ({ username }) =>
        mustCallApi(stack, "DELETE", `/api/v1/security-groups/${groups.get(username)}`),
    },
    {
      name: "gone by themselves",
      enter: (username) => custom([username, third]),
      leave: ({ person, room }) => person.leave(room),
    },
    {
      name: "removed, added and removed again",
      enter: (username) => custom([username, third]),
      leave: async ({ id, username }) => {
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
      enter: (username) => custom([username, third]),
      leave: async ({ id, room, username, secret }) => {
        const writing = Array.from({ length: 8 }, (_, count) =>
          authorAt.sendText(room, `${secret} roster, message ${count} of many`),
        );
        await editConversation(stack, id, { as: author, remove: { users: [username] } });
        await Promise.all(writing);
      },
    },
    {
      name: "deactivated",
      enter: (username) => custom([username, third]),
      leave: ({ username }) => putUser(stack, username, { active: false }),
      locked: true,
    },
    {
      name: "without AccessWhisper any more",
      enter: (username) => custom([username, third]),
      leave: async ({ username }) => {
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
      enter: (username) => custom([username, third]),
      leave: removedThroughApi,
      behind: async (scene) => {
        await asBot("POST", `${at(scene.room)}/invite`, userId(scene));
        await asBot("POST", `${at(scene.room)}/kick`, userId(scene));
      },
    },
    {
      name: "removed, and then invited, and has declined",
      enter: (username) => custom([username, third]),
      leave: removedThroughApi,
      behind: async (scene) => {
        await asBot("POST", `${at(scene.room)}/invite`, userId(scene));
        await atSynapse(stack, "POST", `${at(scene.room)}/leave`, {}, stack.userId(scene.username));
      },
    },
    {
      name: "removed, and then banned and unbanned",
      enter: (username) => custom([username, third]),
      leave: removedThroughApi,
      behind: async (scene) => {
        await asBot("POST", `${at(scene.room)}/ban`, userId(scene));
        await asBot("POST", `${at(scene.room)}/unban`, userId(scene));
      },
    },
    {
      name: "removed, and then banned for good",
      enter: (username) => custom([username, third]),
      leave: removedThroughApi,
      behind: (scene) => asBot("POST", `${at(scene.room)}/ban`, userId(scene)),
    },
  ];

  /** Somebody says something, a file is posted, a thread begun: all of it before they go. */
  async function prepare(way: Way): Promise<Scene> {
    const username = unique("member");
    const person = await hire(stack, username, { permissions: ["AccessWhisper"] }, { withoutSync: true });
    const { id, room } = await way.enter(username);
    await eventually(`${way.name}: to be in the room`, () => isIn(person, room), 30_000);
    await authorAt.waitForRoom(way.name, (each) => each.roomId === room, 30_000);
    const since = await syncToken(person);
    const secret = `secret${Math.random().toString(36).slice(2, 12)}`;
    const word = "roster";
    const first = await authorAt.sendText(room, `${secret} roster, said before`);
    const own = await person.sendText(room, `${secret} roster, said by themselves`);
    const { content_uri: uri } = await authorAt.client.uploadContent(new Blob([`${secret} in a file`]), {
      type: "text/plain",
      name: "list.txt",
    });
    const file = await authorAt.client.sendMessage(room, {
      msgtype: MsgType.File,
      body: `${secret}.txt`,
      url: uri,
    });
    const known = {
      room,
      since,
      word,
      media: uri.replace("mxc://", ""),
      events: [first, own, file.event_id],
    };
    return { way, username, person, id, room, secret, known };
  }

  async function isIn(person: Person, room: string): Promise<boolean> {
    const { body } = await person.request("GET", "/_matrix/client/v3/joined_rooms");
    return JSON.stringify(body).includes(room);
  }

  /** The others go on: later text, and edits, replies and reactions that hang on to what the removed one has seen. */
  async function goOn({ room, secret, known }: Scene): Promise<void> {
    await authorAt.sendText(room, `${secret} roster, said after`);
    for (const event of known.events) {
      const thread = { rel_type: "m.thread", event_id: event };
      await authorAt.client.sendEvent(
        room,
        "m.room.message" as never,
        { msgtype: "m.text", body: `${secret} in a thread`, "m.relates_to": thread } as never,
      );
    }
    const [first = ""] = known.events;
    const edit = { msgtype: "m.text", body: `${secret} edited` };
    await authorAt.client.sendEvent(
      room,
      "m.room.message" as never,
      { ...edit, "m.new_content": edit, "m.relates_to": { rel_type: "m.replace", event_id: first } } as never,
    );
  }

  before(async function () {
    this.timeout(600_000);
    stack = await freshStack();
    authorAt = await hire(stack, author, { permissions: ["AccessWhisper"] });
    await putUser(stack, third, { permissions: ["AccessWhisper"] });
    for (const way of ways) scenes.push(await prepare(way));
    // Access is then theirs by themselves only.
    for (const scene of scenes.filter((each) => each.way.locked !== true)) await scene.way.leave(scene);
    for (const scene of scenes.filter((each) => each.way.locked)) {
      if (scene.way.name.includes("AccessWhisper")) await putUser(stack, scene.username, { permissions: [] });
      await scene.way.leave(scene);
    }
    await settled(stack);
    await behindWhisper(
      stack,
      async () => {
        for (const scene of scenes) await scene.way.behind?.(scene);
      },
      { tell: true },
    );
    await stack.startWhisper();
    // Synapse sends by and by what it kept; what it has not sent by then is fetched.
    await settled(stack, { gaps: true });
    for (const scene of scenes) await goOn(scene);
    await settled(stack);
  });
  after(() => stack?.stop());

  for (const [index, way] of ways.entries()) {
    it(`${way.name}: no endpoint gives them a byte of it`, async () => {
      const scene = scenes[index];
      if (scene === undefined) throw new Error("no scene");
      const answers = await readEverything(scene.person, stack.homeserver, scene.known);
      expect(
        answers.filter(({ text }) => text.includes(scene.secret)).map(({ name, path }) => `${name} ${path}`),
      ).to.deep.equal([]);
      // The old addresses of files and events are refused to everybody, whoever asks.
      const asked = answers.filter(({ name }) => name !== "media" && name !== "old events");
      if (way.locked) expect(new Set(asked.map(({ status }) => status))).to.deep.equal(new Set([401]));
    });

    it(`${way.name}: what forgetting closes is closed by Synapse itself`, async () => {
      const scene = scenes[index];
      if (scene === undefined) throw new Error("no scene");
      const reads = EVERY_READ.filter((read) => read.closedByForget);
      const answers = await readEverything(scene.person, stack.synapse, scene.known, reads);
      expect(
        answers.filter(({ text }) => text.includes(scene.secret)).map(({ name, path }) => `${name} ${path}`),
      ).to.deep.equal([]);
    });
  }

  describe("New members added to the group will receive full conversation history", () => {
    let joiner: Person;
    let known: Known;
    let secret: string;

    before(async () => {
      const scene = scenes.find(({ way }) => way.name === "removed through the API");
      if (scene === undefined) throw new Error("no scene");
      const username = unique("joiner");
      joiner = await hire(stack, username, { permissions: ["AccessWhisper"] }, { withoutSync: true });
      await editConversation(stack, scene.id, { as: author, add: { users: [username] } });
      await eventually("the new member to be in the room", () => isIn(joiner, scene.room));
      await settled(stack);
      secret = scene.secret;
      known = scene.known;
    });

    for (const read of EVERY_READ.filter((each) => each.shows)) {
      it(`by ${read.name}`, async () => {
        const answers = await readEverything(joiner, stack.homeserver, known, [read]);
        expect(
          answers.some(({ text }) => text.includes(secret)),
          JSON.stringify(answers).slice(0, 500),
        ).to.equal(true);
      });
    }

    it("also whoever was removed and is added again", async () => {
      const scene = scenes.find(({ way }) => way.name === "removed, added and removed again");
      if (scene === undefined) throw new Error("no scene");
      await editConversation(stack, scene.id, { as: author, add: { users: [scene.username] } });
      await eventually("them to be back", () => isIn(scene.person, scene.room));
      await settled(stack);
      const reads = EVERY_READ.filter(
        ({ name }) => name.startsWith("messages") || name === "event" || name === "media",
      );
      const answers = await readEverything(scene.person, stack.homeserver, scene.known, reads);
      for (const { name } of reads) {
        expect(
          answers.some((answer) => answer.name === name && answer.text.includes(scene.secret)),
          name,
        ).to.equal(true);
      }
    });
  });
});
