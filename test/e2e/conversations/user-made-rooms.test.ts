import { expect } from "chai";
import { Preset, Visibility } from "matrix-js-sdk";
import pg from "pg";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf, refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { hirePastTheDoor, roomMakers } from "../../support/stack/room-makers.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { putGroup, roomOfKind, textsOf, unique } from "../../support/stack/staff.ts";

describe("Rooms that somebody makes at Synapse itself, past the front door", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const group = unique("Doctors");
  let anna: string;
  let ben: string;
  let cara: string;
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;
  let control: string;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    ({ anna, ben, cara, annaAt, benAt, caraAt, control } = await roomMakers(stack));
    await putGroup(stack, group, [anna, ben]);
  });

  const start = (username: string) => hirePastTheDoor(stack, username);

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
      // With someone new: with the same people again, they would be led to their existing group.
      const dora = await start(unique("dora"));
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
    const [one, other] = [await start(unique("one")), await start(unique("other"))];
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

  for (const handled of [true, false]) {
    it(`keep who is invited while they are taken over, ${handled ? "heard of before" : "heard of after"} it is decided`, async () => {
      const [dora, eve, fay] = [
        await start(unique("dora")),
        await start(unique("eve")),
        await start(unique("fay")),
      ];
      const raised = stack.proxy.inject({
        when: "before",
        match: { method: "PUT", path: /state\/m\.room\.power_levels/, actingFor: dora.userId },
        act: async ({ path }) => {
          const room = decodeURIComponent(path.split("/")[5] ?? "");
          await dora.invite(room, fay.userId);
          if (handled)
            await eventually(
              "the invitation to be handled",
              async () => (await handledInvitations(room)) >= 2,
            );
          return undefined;
        },
      });
      const room = await dora.createRoom({
        preset: Preset.PrivateChat,
        name: `Taken over ${unique("x")}`,
        invite: [eve.userId],
      });
      await raised.happened;
      expect(await kindIn(eve, room)).to.equal("custom");
      await settled(stack);
      await fay.waitForRoom("the group", (each) => each.roomId === room);
      const said = await dora.sendText(room, "All three of us.");
      await fay.waitForEvent("the message", (event) => event.getId() === said);
    });
  }

  /** Invitations into the room that Whisper has taken over. */
  async function handledInvitations(room: string): Promise<number> {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      const { rowCount } = await client.query(
        `SELECT FROM inbox WHERE room_id = $1 AND event->'content'->>'membership' = 'invite' AND handled_at IS NOT NULL
           AND event->>'state_key' <> '@whisper:localhost'`,
        [room],
      );
      return rowCount ?? 0;
    } finally {
      await client.end();
    }
  }

  it("with nobody in them yet take what their maker writes at once", async () => {
    const room = await annaAt.createRoom({ preset: Preset.PrivateChat, name: `Alone ${group}` });
    const began = performance.now();
    for (const line of ["One.", "Two."]) await annaAt.sendText(room, line);
    // Each waited ten seconds for an adoption that never happened.
    expect(performance.now() - began).to.be.below(5_000);
    await annaAt.invite(room, benAt.userId);
    await annaAt.invite(room, caraAt.userId);
    expect(await kindIn(benAt, room)).to.equal("custom");
    expect(await textsOf(benAt, room)).to.have.lengthOf(2);
  });

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
