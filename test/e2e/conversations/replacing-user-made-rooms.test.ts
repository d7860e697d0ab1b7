import { expect } from "chai";
import { Preset } from "matrix-js-sdk";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf, ownMembership } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { atSynapse, makeRoom, roomPath } from "../../support/stack/behind-whisper.ts";
import { roomMakers } from "../../support/stack/room-makers.ts";
import { serverAdmin } from "../../support/stack/server-admin.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { unique } from "../../support/stack/staff.ts";

describe("Rooms that somebody makes at Synapse itself, past the front door", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const group = unique("Doctors");
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;
  let control: string;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    ({ annaAt, benAt, caraAt, control } = await roomMakers(stack));
  });

  const membershipOf = (person: Person, room: string) => {
    const found = person.client.getRoom(room);
    return found === null ? undefined : ownMembership(found);
  };

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

  /** The room leads its maker to another one with this name, and is gone. */
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
      const membership = () => membershipOf(benAt, room);
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
      const room = await makeRoom(admin, { invite: [benAt.userId] });
      await everybodyOut(room);
      await benAt.until("the invitation to go", () => membershipOf(benAt, room) !== "invite", 30_000);
      expect((await benAt.request("GET", `${roomPath(room)}/state`)).status).to.equal(403);
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
});
