import { expect } from "chai";
import { Preset, Visibility } from "matrix-js-sdk";
import pg from "pg";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf, refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { serverAdmin } from "../../support/stack/server-admin.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, textsOf, unique } from "../../support/stack/staff.ts";

describe("Rooms that somebody makes at Synapse itself, past the front door", function () {
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
    [annaAt, benAt, caraAt] = [await start(anna), await start(ben), await start(cara)];
    await putGroup(stack, group, [anna, ben]);
    control = (await roomOfKind(annaAt, "control")).roomId;
  });

  /** At Synapse's own address: the front door would open the conversation itself. */
  const start = (username: string) => hire(stack, username, {}, { pastTheGate: true });

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

  it("that are encrypted are replaced by one that is not, with the reason in the control room", async () => {
    const room = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      invite: [benAt.userId, caraAt.userId],
      name: `Encrypted ${group}`,
      initial_state: [
        { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } },
      ],
    });
    const next = await goesOnElsewhere(room, `Encrypted ${group}`);
    expect(conversationOf(next)?.kind).to.equal("custom");
    await annaAt.waitForText(/was encrypted\. .* encryption stays off/, control);
  });

  it("of version 12 are replaced by one whose owner is Whisper, with the reason in the control room", async () => {
    const room = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      room_version: "12",
      invite: [benAt.userId, caraAt.userId],
      name: `Version ${group}`,
    });
    const next = await goesOnElsewhere(room, `Version ${group}`);
    expect(conversationOf(next)?.kind).to.equal("custom");
    expect(next.getVersion()).to.equal("11");
    await annaAt.waitForText(/a kind of room that Whisper cannot look after/, control);
  });

  /** The room leads its maker to another one, of this name, and is gone. */
  async function goesOnElsewhere(room: string, name: string) {
    const next = await annaAt.waitForRoom(
      "the good room",
      (each) => each.roomId !== room && each.name === name,
      30_000,
    );
    const led = await annaAt.waitForEvent(
      "the tombstone",
      (event) => event.getRoomId() === room && event.getType() === "m.room.tombstone",
      30_000,
    );
    expect(led.getContent().replacement_room).to.equal(next.roomId);
    await annaAt.waitUntilRoomIsGone(room, 30_000);
    return next;
  }

  describe("over which Whisper is given no charge", () => {
    const at = (room: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
    const membersOf = async (room: string) => {
      const path = `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/members`;
      return z.object({ members: z.array(z.string()) }).parse(await atSynapse(stack, "GET", path)).members;
    };
    const everybodyOut = (room: string) =>
      eventually("everybody to be out", async () => (await membersOf(room)).length === 0, 30_000);

    it("since its maker has not the power to give, go on in another one with what was said", async () => {
      const name = `Powerless ${group}`;
      const room = await annaAt.createRoom({
        preset: Preset.PrivateChat,
        invite: [benAt.userId, caraAt.userId],
        name,
        power_level_content_override: { users: { [annaAt.userId]: 50, [benAt.userId]: 100 }, events: {} },
      });
      await annaAt.sendText(room, `Said in ${name}.`);
      const next = await annaAt.waitForRoom(
        "another room",
        (each) => each.roomId !== room && each.name === name,
        30_000,
      );
      expect(conversationOf(next)?.kind).to.equal("custom");
      for (const person of [annaAt, benAt, caraAt])
        await person.waitForText(`Said in ${name}.`, next.roomId, 30_000);
      await annaAt.waitForText(/could not take charge of the room/, control);
      await everybodyOut(room);
    });

    it("since its maker left at once, go on in another one", async () => {
      const name = `Left ${group}`;
      const room = await annaAt.createRoom({
        preset: Preset.PrivateChat,
        invite: [benAt.userId, caraAt.userId],
        name,
      });
      await benAt.client.joinRoom(room);
      await annaAt.client.leave(room);
      const next = await caraAt.waitForRoom(
        "another room",
        (each) => each.roomId !== room && each.name === name,
        30_000,
      );
      expect(conversationOf(next)?.kind).to.equal("custom");
      await everybodyOut(room);
    });

    it("since everybody left it, are taken off the list of those invited", async () => {
      const room = await annaAt.createRoom({ preset: Preset.PrivateChat, invite: [benAt.userId] });
      const membership = () => benAt.client.getRoom(room)?.getMyMembership();
      await benAt.until("the invitation", () => membership() === "invite");
      await annaAt.client.leave(room);
      await benAt.until("the invitation to go", () => membership() !== "invite", 30_000);
    });

    it("since somebody at its maker's level is not there, go on in another one", async () => {
      const name = `Rival ${group}`;
      const room = await annaAt.createRoom({
        preset: Preset.TrustedPrivateChat,
        invite: [benAt.userId, caraAt.userId],
        name,
      });
      await benAt.client.leave(room);
      const next = await caraAt.waitForRoom(
        "another room",
        (each) => each.roomId !== room && each.name === name,
        30_000,
      );
      expect(conversationOf(next)).not.to.equal(undefined);
      await everybodyOutButBot(room);
    });

    const everybodyOutButBot = (room: string) =>
      eventually(
        "everybody but Whisper to be out",
        async () => (await membersOf(room)).every((user) => user.startsWith("@whisper:")),
        30_000,
      );

    it("since it was made by an account that is none of the practice's, are closed", async () => {
      const admin = await serverAdmin(stack, unique("root"));
      const { room_id: room } = z.object({ room_id: z.string() }).parse(
        await admin.act("POST", "/_matrix/client/v3/createRoom", {
          preset: "private_chat",
          invite: [benAt.userId],
        }),
      );
      await everybodyOut(room);
      await benAt.until(
        "the invitation to go",
        () => benAt.client.getRoom(room)?.getMyMembership() !== "invite",
        30_000,
      );
      expect((await benAt.request("GET", `${at(room)}/state`)).status).to.equal(403);
    });

    it("since a client upgraded it meanwhile, are closed", async () => {
      const room = await annaAt.createRoom({
        preset: Preset.PrivateChat,
        invite: [benAt.userId],
        initial_state: [
          {
            type: "m.room.tombstone",
            state_key: "",
            content: { body: "x", replacement_room: "!x:localhost" },
          },
        ],
      });
      await everybodyOutButBot(room);
    });
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

  /** Invitations into the room that Whisper has taken in. */
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
    // Each waited ten seconds for an adoption that was not to be.
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
