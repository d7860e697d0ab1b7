import { expect } from "chai";
import { MsgType } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { behindWhisper } from "../../support/stack/behind-whisper.ts";
import { editConversation } from "../../support/stack/conversation-api.ts";
import { EVERY_READ, type Known, readEverything, syncToken } from "../../support/stack/every-read.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putUser, unique } from "../../support/stack/staff.ts";
import { type Scene, type Stayers, WAYS_OUT, type WayOut } from "../../support/stack/ways-out.ts";

describe("Removed members lose access to the conversation and its history", function () {
  this.timeout(240_000);
  let stack: TestStack;
  const author = unique("author");
  const third = unique("third");
  let authorAt: Person;
  let stayers: Stayers;
  const scenes: Scene[] = [];

  /** Someone says something, posts a file and starts a thread, all before they leave. */
  async function prepare(way: WayOut): Promise<Scene> {
    const username = unique("member");
    const person = await hire(stack, username, { permissions: ["AccessWhisper"] }, { withoutSync: true });
    const entered = await way.enter(stayers, username);
    const { room } = entered;
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
    return { ...entered, way, username, person, secret, known };
  }

  async function isIn(person: Person, room: string): Promise<boolean> {
    const { body } = await person.request("GET", "/_matrix/client/v3/joined_rooms");
    return JSON.stringify(body).includes(room);
  }

  /** The others continue: later text, and edits, replies and reactions to events that the removed person has seen. */
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
    stayers = { stack, author, authorAt, third };
    for (const way of WAYS_OUT) scenes.push(await prepare(way));
    // After this, only their own permission gives them access.
    for (const scene of scenes.filter((each) => each.way.locked !== true))
      await scene.way.leave(stayers, scene);
    for (const scene of scenes.filter((each) => each.way.locked)) {
      if (scene.way.name.includes("AccessWhisper")) await putUser(stack, scene.username, { permissions: [] });
      await scene.way.leave(stayers, scene);
    }
    await settled(stack);
    await behindWhisper(
      stack,
      async () => {
        for (const scene of scenes) await scene.way.behind?.(stayers, scene);
      },
      { tell: true },
    );
    await stack.startWhisper();
    // Synapse sends what it kept little by little. What it has not sent by then is fetched.
    await settled(stack, { gaps: true });
    for (const scene of scenes) await goOn(scene);
    await settled(stack);
  });
  after(() => stack?.stop());

  for (const [index, way] of WAYS_OUT.entries()) {
    it(`${way.name}: no endpoint gives them a byte of it`, async () => {
      const scene = scenes[index];
      if (scene === undefined) throw new Error("no scene");
      const answers = await readEverything(scene.person, stack.homeserver, scene.known);
      expect(
        answers.filter(({ text }) => text.includes(scene.secret)).map(({ name, path }) => `${name} ${path}`),
      ).to.deep.equal([]);
      // The old addresses of files and events are refused to everyone.
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
