import { expect } from "chai";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, historyOf, nameOf, putGroup, roomOfKind, textsOf, unique } from "../../support/stack/staff.ts";

describe("Individual conversations", () => {
  let stack: TestStack;
  const mia = unique("mia");
  const jones = unique("dr.jones");
  let receptionist: Person;
  let doctor: Person;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    receptionist = await hire(stack, mia);
    doctor = await hire(stack, jones, { doctor: true, role: "General practitioner" });
  });

  it("use the search bar to filter users by their name", async () => {
    // The homeserver's user directory follows new accounts in the background.
    const hit = await eventually("the doctor to be found", async () => {
      const results = await receptionist.searchPeople(jones.split(".")[2] ?? "");
      return results.find(({ userId }) => userId === doctor.userId);
    });
    expect(hit.name).to.include(nameOf(jones));
  });

  it("start from any client, with the message sent at once, and nobody has to accept an invitation", async () => {
    const asked = "Good morning, may I book Mrs Alder in at 11:40?";
    const made = await receptionist.createDirect(doctor.userId, asked);
    const received = await doctor.waitForText(asked);
    const room = await doctor.waitForRoom(
      "the conversation",
      (each) => conversationOf(each)?.kind === "individual",
    );
    expect(received.getRoomId()).to.equal(room.roomId);
    // The pair had no room before, so the room that the client made has become theirs.
    expect(room.roomId).to.equal(made);
    await doctor.sendText(room.roomId, "Yes please.");
    await receptionist.waitForText("Yes please.", room.roomId);
    expect(await textsOf(receptionist, made)).to.deep.equal([
      `${receptionist.userId} ${asked}`,
      `${doctor.userId} Yes please.`,
    ]);
  });

  it("have the room that belongs to the bot, and in which both are equal", async () => {
    const room = await roomOfKind(doctor, "individual");
    const levels = room.currentState.getStateEvents("m.room.power_levels", "")?.getContent().users ?? {};
    expect(levels["@whisper:localhost"]).to.equal(100);
    await doctor.until("nobody else to reach 100", () => {
      const users: Record<string, number> =
        room.currentState.getStateEvents("m.room.power_levels", "")?.getContent().users ?? {};
      return Object.entries(users).every(([user, level]) => user === "@whisper:localhost" || level < 100);
    });
  });

  for (const [what, list] of [
    ["empties the list", {}],
    ["writes it as it was before", { "@ht_someone:localhost": ["!before:localhost"] }],
  ] as const)
    it(`stay among the direct chats when a client ${what}`, async () => {
      const { roomId } = await roomOfKind(receptionist, "individual");
      const path = `/_matrix/client/v3/user/${encodeURIComponent(receptionist.userId)}/account_data/m.direct`;
      expect((await receptionist.request("PUT", path, list)).status).to.equal(200);
      await eventually("the room to be listed again, beside the others", async () => {
        const { body } = await receptionist.request("GET", path);
        const all = z.record(z.string(), z.array(z.string())).parse(body);
        return all[doctor.userId]?.includes(roomId) && Object.keys(list).every((other) => other in all);
      });
    });

  it("are both among the direct chats when two are opened at the same time", async () => {
    const [ben, cara] = [unique("ben"), unique("cara")];
    const [first, second] = [await hire(stack, ben), await hire(stack, cara)];
    await settled(stack);
    const path = `/_matrix/client/v3/user/${encodeURIComponent(receptionist.userId)}/account_data/m.direct`;
    const listed = async (person: Person): Promise<boolean> => {
      const { body } = await receptionist.request("GET", path);
      return person.userId in z.record(z.string(), z.array(z.string())).parse(body);
    };
    // Whisper has looked at the list for the first chat, and writes it when the second is on it.
    const held = stack.proxy.inject({
      when: "before",
      match: {
        method: "PUT",
        path: "/_matrix/client/v3/user/*/account_data/m.direct",
        actingFor: receptionist.userId,
      },
      act: async () => {
        await openConversation(stack, mia, { users: [cara] });
        await eventually("the second chat to be listed", () => listed(second));
        return undefined;
      },
    });
    await openConversation(stack, mia, { users: [ben] });
    await held.happened;
    await eventually("both chats to be listed", async () => (await listed(first)) && (await listed(second)));
  });

  it("are one for each pair: a second chat is the first, and no message is lost", async () => {
    const first = await roomOfKind(doctor, "individual");
    const second = await doctor.createDirect(receptionist.userId, "Another question, from a new chat.");
    expect(second).to.equal(first.roomId);
    const moved = await receptionist.waitForText("Another question, from a new chat.", first.roomId);
    expect(moved.getSender()).to.equal(doctor.userId);
    const texts = await textsOf(receptionist, first.roomId);
    expect(texts.filter((text) => text.includes("Another question"))).to.have.lengthOf(1);
  });
});

describe("Group conversations", () => {
  let stack: TestStack;
  const group = unique("Nurses");
  const [ruby, jack, late] = [unique("ruby"), unique("jack"), unique("late")];
  let nurse: Person;
  let other: Person;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    nurse = await hire(stack, ruby);
    other = await hire(stack, jack);
    await putGroup(stack, group, [ruby, jack]);
  });

  it("communicate with all users in a predefined group", async () => {
    const room = await roomOfKind(nurse, "group", group);
    await nurse.sendText(room.roomId, "Flu clinic moved to room 3.");
    await other.waitForText("Flu clinic moved to room 3.", room.roomId);
    await other.sendText(room.roomId, "Thanks!");
    await nurse.waitForText("Thanks!", room.roomId);
  });

  it("are joined by a new member of the group, with the full history, without accepting anything", async () => {
    const joiner = await hire(stack, late);
    await putGroup(stack, group, [ruby, jack, late]);
    const room = await roomOfKind(joiner, "group", group);
    const texts = await textsOf(joiner, room.roomId);
    expect(texts.map((text) => text.split(" ").slice(1).join(" "))).to.deep.equal([
      "Flu clinic moved to room 3.",
      "Thanks!",
    ]);
  });

  it("are left by a removed member, who loses access to the conversation and its history", async () => {
    const room = await roomOfKind(other, "group", group);
    await putGroup(stack, group, [ruby, late]);
    await other.waitUntilRoomIsGone(room.roomId);
    await nurse.sendText(room.roomId, "Jack has moved to the other practice.");
    const refused = await historyOf(other, room.roomId).then(
      () => "read it",
      (error: unknown) => String(error),
    );
    expect(refused).to.match(/answered (403|404)/);
  });
});
