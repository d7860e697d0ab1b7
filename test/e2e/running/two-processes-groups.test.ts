import { expect } from "chai";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { editConversation, membersOf, openConversation } from "../../support/stack/conversation-api.ts";
import { roomAuditReport } from "../../support/stack/room-audit.ts";
import { type SecondWhisper, startSecondWhisper } from "../../support/stack/second-whisper.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, textsOf, unique } from "../../support/stack/staff.ts";

describe("Two Whispers on one database, with custom groups edited through both and in clients", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let second: SecondWhisper;
  let other: TestStack;
  const [anna, ben, cara, dan] = [unique("anna"), unique("ben"), unique("cara"), unique("dan")];
  let annaAt: Person;

  before(async function () {
    this.timeout(240_000);
    stack = await freshStack();
    second = await startSecondWhisper(stack);
    other = { ...stack, whisper: second.whisper };
    annaAt = await hire(stack, anna);
    for (const username of [ben, cara, dan]) await hire(stack, username, {}, { withoutSync: true });
  });
  after(async () => {
    await second?.stop();
    await stack?.stop();
  });

  it("give the same selection the same group, whoever is asked, all at once", async () => {
    const opened = await Promise.all(
      Array.from({ length: 10 }, (_, count) =>
        openConversation(count % 2 === 0 ? stack : other, anna, { users: [ben, cara, dan] }),
      ),
    );
    expect(new Set(opened.map(({ id }) => id)).size).to.equal(1);
    expect(new Set(opened.map(({ room }) => room)).size).to.equal(1);
    expect(opened.filter(({ created }) => created)).to.have.lengthOf(1);
  });

  it("end with room and record the same after edits from all sides, and the audit finds nothing", async () => {
    const { id, room } = await openConversation(stack, anna, { users: [ben] }, "Busy");
    await annaAt.waitForRoom("the group", (each) => each.roomId === room);
    for (let round = 0; round < 6; round++) {
      const [one, another] = round % 2 === 0 ? [stack, other] : [other, stack];
      await Promise.all([
        editConversation(one, id, { as: anna, add: { users: [cara] }, name: `Busy ${round}` }),
        editConversation(another, id, { as: anna, remove: { users: [cara] }, add: { users: [dan] } }),
        annaAt.setRoomName(room, `By the client ${round}`),
        annaAt.sendText(room, `Round ${round}`),
      ]);
      await editConversation(one, id, { as: anna, remove: { users: [dan] } });
    }
    await editConversation(other, id, { as: anna, name: "At last", add: { users: [cara, dan] } });
    await settled(stack);
    expect(await membersOf(stack, id)).to.deep.equal([anna, ben, cara, dan].sort());
    await annaAt.waitForRoom("its last name", (each) => each.roomId === room && each.name === "At last");
    await eventually("both to agree", async () => (await membersOf(other, id)).length === 4);
    expect((await roomAuditReport(other)).rooms).to.deep.equal([]);
    expect((await textsOf(annaAt, room)).filter((text) => text.includes("Round"))).to.have.lengthOf(6);
  });

  it("answer a command once", async () => {
    const control = await annaAt.waitForRoom("the control room", (room) => room.name === "Whisper");
    for (let count = 0; count < 5; count++) await annaAt.sendText(control.roomId, `why Busy${count}`);
    await settled(stack);
    const answers = (await textsOf(annaAt, control.roomId)).filter((text) =>
      text.includes("I can't find a group"),
    );
    expect(answers).to.have.lengthOf(5);
  });
});
