import { expect } from "chai";
import { Preset, Visibility } from "matrix-js-sdk";
import type { Person } from "../../dev/person.ts";
import { conversationOf, refusalOf } from "../../dev/room-events.ts";
import { openConversation } from "../support/conversation-api.ts";
import { sharedStack, type TestStack } from "../support/stack.ts";
import { hire, putGroup, roomOfKind, textsOf, unique } from "../support/staff.ts";

describe("Rooms that somebody makes in a client", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];
  const group = unique("Doctors");
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;
  let control: string;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    [annaAt, benAt, caraAt] = [await hire(stack, anna), await hire(stack, ben), await hire(stack, cara)];
    await putGroup(stack, group, [anna, ben]);
    control = (await roomOfKind(annaAt, "control")).roomId;
  });

  const kindIn = (person: Person, room: string) =>
    person.until("the room to be Whisper's", () => {
      const found = person.rooms().find((each) => each.roomId === room);
      return found === undefined ? undefined : conversationOf(found)?.kind;
    });

  it("with a group handle alone lead to the group's own room", async () => {
    const own = await roomOfKind(annaAt, "group", group);
    const made = await annaAt.createDirect(`@ht_grp_${group.toLowerCase()}:localhost`, "To all doctors.");
    expect(made).not.to.equal(own.roomId);
    await benAt.waitForText("To all doctors.", own.roomId);
    await annaAt.waitUntilRoomIsGone(made);
  });

  it("with several people become a custom group, also when eight messages come at once", async () => {
    const room = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      invite: [benAt.userId, caraAt.userId],
    });
    await Promise.all(Array.from({ length: 8 }, (_, count) => annaAt.sendText(room, `Message ${count}`)));
    expect(await kindIn(benAt, room)).to.equal("custom");
    expect(await textsOf(benAt, room)).to.have.lengthOf(8);
  });

  for (const [what, topic] of [
    ["with a topic", "Who can come in on Saturday?"],
    ["with what no database can store in their topic", "a NUL \0 in it"],
  ] as const) {
    it(`${what} become a custom group like any other, without it`, async () => {
      // With somebody new: the same people once more would be led to the group that they have.
      const dora = await hire(stack, unique("dora"));
      const room = await annaAt.createRoom({
        preset: Preset.PrivateChat,
        invite: [benAt.userId, dora.userId],
        topic,
      });
      expect(await kindIn(benAt, room)).to.equal("custom");
      await benAt.until("the topic to go", () =>
        [undefined, ""].includes(
          benAt.client.getRoom(room)?.currentState.getStateEvents("m.room.topic", "")?.getContent().topic,
        ),
      );
    });
  }

  it("for two, with a name and a topic, become their conversation, called after the other", async () => {
    const [one, other] = [await hire(stack, unique("one")), await hire(stack, unique("other"))];
    const room = await one.createRoom({
      preset: Preset.TrustedPrivateChat,
      is_direct: true,
      invite: [other.userId],
      name: "Our chat",
      topic: "This and that",
    });
    expect(await kindIn(other, room)).to.equal("individual");
    await other.until("the name to go", () => other.client.getRoom(room)?.name.startsWith("One"));
  });

  it("that are encrypted are replaced by one that is not", async () => {
    const room = await annaAt
      .createRoom({
        preset: Preset.PrivateChat,
        invite: [benAt.userId, caraAt.userId],
        name: `Encrypted ${group}`,
        initial_state: [
          { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } },
        ],
      })
      .catch((error: unknown) => String(error));
    if (room.startsWith("!")) {
      const next = await annaAt.waitForRoom(
        "the good room",
        (each) => each.roomId !== room && each.name === `Encrypted ${group}`,
        30_000,
      );
      expect(conversationOf(next)?.kind).to.equal("custom");
      await annaAt.waitUntilRoomIsGone(room);
    } else expect(room).to.match(/encryption stays off/);
  });

  it("of version 12 are replaced by one whose owner is Whisper", async () => {
    const room = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      room_version: "12",
      invite: [benAt.userId, caraAt.userId],
      name: `Version ${group}`,
    });
    const next = await annaAt.waitForRoom(
      "the good room",
      (each) => each.roomId !== room && each.name === `Version ${group}`,
      30_000,
    );
    expect(conversationOf(next)?.kind).to.equal("custom");
    expect(next.getVersion()).to.equal("11");
    await annaAt.waitUntilRoomIsGone(room, 30_000);
  });

  const refused: Array<[string, Parameters<Person["createRoom"]>[0], RegExp]> = [
    ["spaces", { creation_content: { type: "m.space" }, name: "Space" }, /Spaces are not used here/],
    [
      "public rooms",
      { preset: Preset.PublicChat, visibility: Visibility.Private },
      /Conversations here are never public/,
    ],
  ];
  for (const [what, options, sentence] of refused) {
    it(`that are ${what} are refused, with the reason in the control room`, async () => {
      const room = await annaAt.createRoom({ ...options, invite: [benAt.userId] });
      await annaAt.waitForText(sentence, control, 30_000);
      await annaAt.waitUntilRoomIsGone(room, 30_000);
      await benAt.waitUntilRoomIsGone(room);
    });
  }

  it("with somebody from elsewhere are refused at once", async () => {
    const refusal = await refusalOf(
      annaAt.createRoom({ preset: Preset.PrivateChat, invite: ["@eve:elsewhere.example"] }),
    );
    expect(refusal.status).to.equal(403);
  });

  it("for a pair that has its room already are led to it, by two at once as by one", async () => {
    const { room } = await openConversation(stack, ben, { users: [cara] });
    await benAt.waitForRoom("the conversation", (each) => each.roomId === room);
    const made = await Promise.all([
      benAt.createDirect(caraAt.userId, "From Ben."),
      caraAt.createDirect(benAt.userId, "From Cara."),
    ]);
    await benAt.waitForText("From Cara.", room, 30_000);
    await caraAt.waitForText("From Ben.", room, 30_000);
    for (const each of made) {
      expect(each).not.to.equal(room);
      await benAt.waitUntilRoomIsGone(each, 30_000);
      await caraAt.waitUntilRoomIsGone(each, 30_000);
    }
  });
});
