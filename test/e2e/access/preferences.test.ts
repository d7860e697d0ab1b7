import { expect } from "chai";
import { Preset } from "matrix-js-sdk";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, unique } from "../../support/stack/staff.ts";

const rule = z.object({ enabled: z.boolean() });

describe("User Preferences", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];
  const group = unique("Nurses");
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;
  let pair: string;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    [annaAt, benAt, caraAt] = [await hire(stack, anna), await hire(stack, ben), await hire(stack, cara)];
    await putGroup(stack, group, [anna, ben]);
    pair = (await openConversation(stack, anna, { users: [ben] })).room;
    for (const person of [annaAt, benAt])
      await person.waitForRoom("the conversation", (each) => each.roomId === pair);
  });

  const set = (username: string, preferences: object) =>
    mustCallApi(stack, "PATCH", `/api/v1/users/${username}/preferences`, preferences);
  /** All notifications are off in the person's account. */
  const isMuted = async (person: Person) => {
    const { body } = await person.request(
      "GET",
      "/_matrix/client/v3/pushrules/global/override/.m.rule.master",
    );
    return rule.parse(body).enabled;
  };
  const canWrite = (person: Person, room: string) =>
    person.sendText(room, "Can you read this?").then(
      () => true,
      () => false,
    );

  describe("Never Receive Messages", () => {
    let message: string;
    before(async () => {
      message = await benAt.sendText(pair, "From before.");
      await annaAt.waitForEvent("the message", (event) => event.getId() === message);
      await set(ben, { never_receive: true });
      await eventually(
        "the conversation to be read-only for the other side",
        async () => !(await canWrite(annaAt, pair)),
      );
    });

    it("blocks direct messages from being sent to you", async () => {
      expect((await refusalOf(annaAt.sendText(pair, "Hello?"))).status).to.equal(403);
      expect((await refusalOf(annaAt.react(pair, message, "👍"))).status).to.equal(403);
      const invited = await refusalOf(caraAt.createDirect(benAt.userId, "Hello?"));
      expect(invited.text).to.match(/has chosen not to receive direct messages/);
      const opened = await callApi(stack, "POST", "/api/v1/conversations", { as: cara, users: [ben] });
      expect(opened.status).to.equal(403);
      expect(opened.body)
        .to.have.property("detail")
        .that.matches(/has chosen not to receive direct messages/);
    });

    it("though you can still receive messages in custom groups or security groups you belong to", async () => {
      const room = await roomOfKind(benAt, "group", group);
      await annaAt.sendText(room.roomId, "To all of us.");
      await benAt.waitForText("To all of us.", room.roomId);
      const custom = await openConversation(stack, cara, { users: [ben, anna] });
      await caraAt.waitForRoom("the group", (each) => each.roomId === custom.room);
      await caraAt.sendText(custom.room, "To three of us.");
      await benAt.waitForText("To three of us.", custom.room);
    });

    for (const [how, options] of [
      ["as a chat of several", { preset: Preset.TrustedPrivateChat, is_direct: true }],
      ["as a room with a name", { preset: Preset.PrivateChat, name: "Theatre list" }],
    ] as const) {
      it(`also in custom groups that somebody makes in a client ${how}, whoever is invited first`, async () => {
        const dora = await hire(stack, unique("dora"));
        const room = await dora.createRoom({ ...options, invite: [benAt.userId, caraAt.userId] });
        const sent = await dora.sendText(room, "To three of us, from a client.");
        const received = await benAt.waitForText("To three of us, from a client.", room);
        expect(received.getId()).to.equal(sent);
        await roomOfKind(benAt, "custom", "name" in options ? options.name : "Dora");
      });
    }

    it("a room with a name for the two of them is refused too, when nobody else is invited", async () => {
      const dora = await hire(stack, unique("dora"));
      const options = {
        preset: Preset.PrivateChat,
        is_direct: true,
        name: "Just us",
        invite: [benAt.userId],
      };
      const refusal = await refusalOf(dora.createRoom(options));
      expect(refusal.text).to.match(/has chosen not to receive direct messages/);
    });

    it("notifications for these group messages are also suppressed", async () => {
      await eventually("notifications to be off", () => isMuted(benAt));
    });

    it("you can still send direct messages in Whisper, but the recipient will not be able to reply", async () => {
      await benAt.sendText(pair, "I can write.");
      await annaAt.waitForText("I can write.", pair);
      expect(await canWrite(annaAt, pair)).to.equal(false);
      const { room } = await openConversation(stack, ben, { users: [cara] });
      await benAt.waitForRoom("the new conversation", (each) => each.roomId === room);
      await benAt.sendText(room, "Good morning.");
      await caraAt.waitForText("Good morning.", room);
      expect(await canWrite(caraAt, room)).to.equal(false);
    });

    it("with both of them so, nobody writes; and it is switched off as live as on", async () => {
      await set(anna, { never_receive: true });
      await eventually("neither to be able to write", async () => !(await canWrite(benAt, pair)));
      await set(anna, { never_receive: false });
      await set(ben, { never_receive: false });
      for (const person of [annaAt, benAt])
        await eventually("both to be able to write", () => canWrite(person, pair));
      await eventually("notifications to be on again", async () => !(await isMuted(benAt)));
    });
  });

  it("Keep Whisper Hidden: receive messages without any notifications", async () => {
    await set(ben, { keep_hidden: true });
    await eventually("notifications to be off", () => isMuted(benAt));
    await annaAt.sendText(pair, "Quietly.");
    await benAt.waitForText("Quietly.", pair);
    await set(ben, { keep_hidden: false });
    await eventually("notifications to be on again", async () => !(await isMuted(benAt)));
  });
});
