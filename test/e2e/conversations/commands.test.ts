import { expect } from "chai";
import type { Room } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf } from "../../../dev/clients/room-events.ts";
import { REF_KEY } from "../../../src/messages/outbox.ts";
import { eventually } from "../../support/eventually.ts";
import { listConversations, membersOf, openConversation } from "../../support/stack/conversation-api.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

describe("Commands to Whisper", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const [anna, ben, boss] = [unique("anna"), unique("ben"), unique("boss")];
  const nurses = unique("Nurses");
  let annaAt: Person;
  let benAt: Person;
  let control: Room;

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    annaAt = await hire(stack, anna);
    benAt = await hire(stack, ben);
    await putUser(stack, ben, { email: "ben@practice.example", mobile: "+61400000002" } as object);
    await putGroup(stack, nurses, [ben]);
    control = await roomOfKind(annaAt, "control");
  });

  /** Writes to Whisper and waits for its answer: not for what Whisper says there in the meantime. */
  async function ask(person: Person, room: Room, text: string): Promise<string> {
    const asked = await person.sendText(room.roomId, text);
    const answer = await person.waitForEvent(
      `the answer to ${text}`,
      (event) => event.getRoomId() === room.roomId && event.getContent()[REF_KEY] === `command:${asked}`,
    );
    return bodyOf(answer);
  }

  it("are listed by help, with their form in HTML", async () => {
    const help = await ask(annaAt, control, "help");
    for (const name of ["new", "add", "remove", "rename", "why", "who", "prefs", "history"]) {
      expect(help).to.include(`• ${name}`);
    }
    const shown = annaAt.seen.find((event) => bodyOf(event) === help)?.getContent();
    expect(shown).to.include({ msgtype: "m.notice", format: "org.matrix.custom.html" });
    expect(shown?.formatted_body).to.include("<code>help");
  });

  it("open, change and explain conversations", async () => {
    expect(await ask(annaAt, control, `new ${ben}, %${nurses} "Theatre ${nurses}"`)).to.match(/^Theatre/);
    const room = await annaAt.waitForRoom("the group", (each) => each.name === `Theatre ${nurses}`);
    const made = (await listConversations(stack, anna)).find((each) => each.room_id === room.roomId);
    expect(await ask(annaAt, control, `remove ${ben} from "Theatre ${nurses}"`)).to.match(
      /still a member through/,
    );
    expect(await ask(annaAt, control, `why ${ben} in "Theatre ${nurses}"`)).to.match(/• through Nurses/);
    expect(await ask(annaAt, control, `remove %${nurses} from "Theatre ${nurses}"`)).to.match(/^Done/);
    await benAt.waitUntilRoomIsGone(room.roomId);
    expect(await membersOf(stack, made?.id ?? "")).to.deep.equal([anna]);
    expect(await ask(annaAt, control, `rename "Theatre ${nurses}" to List ${nurses}`)).to.match(
      /is now called List/,
    );
    await annaAt.waitForRoom("the new name", (each) => each.name === `List ${nurses}`);
  });

  it("view the recipient's details, such as their email and mobile number, by ?", async () => {
    const { room } = await openConversation(stack, anna, { users: [ben] });
    await annaAt.waitForRoom("the conversation", (each) => each.roomId === room);
    const question = await annaAt.sendText(room, "?");
    const details = await annaAt.waitForText(/ben@practice\.example/, control.roomId);
    expect(bodyOf(details)).to.include("+61400000002");
    await annaAt.waitForRedaction(question);
  });

  it("show who is in a group and through what, by ? in it and by who, to its members alone", async () => {
    const title = `Rota ${nurses}`;
    const { room } = await openConversation(stack, anna, { users: [anna], security_groups: [nurses] }, title);
    for (const each of [annaAt, benAt]) await each.waitForRoom("the group", ({ roomId }) => roomId === room);
    const asked = await annaAt.sendText(room, "?");
    const answer = await annaAt.waitForText(new RegExp(`people in ${title}`), control.roomId);
    expect(bodyOf(answer)).to.match(/• added directly: .+\n• through Nurses.+: /);
    // Nobody else is told, and the question goes.
    await benAt.waitForRedaction(asked);
    expect(bodyOf(answer)).to.equal(await ask(annaAt, control, `who "${title}"`));
    const outsider = await hire(stack, unique("cara"));
    const theirs = await roomOfKind(outsider, "control");
    expect(await ask(outsider, theirs, `who "${title}"`)).to.match(/^Only the members of/);
    expect(await ask(outsider, theirs, `who %${nurses}`)).to.match(/^There is one person in Nurses/);
  });

  it("set preferences, which hold at once", async () => {
    const benControl = await roomOfKind(benAt, "control");
    expect(await ask(benAt, benControl, "prefs never-receive on")).to.include("never-receive on");
    const { room } = {
      room: (await listConversations(stack, anna)).find((each) => each.kind === "individual")?.room_id ?? "",
    };
    await eventually("the conversation to be read-only for the other side", () =>
      annaAt.sendText(room, "Are you there?").then(
        () => false,
        () => true,
      ),
    );
    await benAt.sendText(room, "I can still write.");
    await ask(benAt, benControl, "prefs never-receive off");
    await eventually("her to be able to write again", () => annaAt.sendText(room, "Good."));
  });

  it("are understood in a chat that somebody starts with Whisper", async () => {
    const made = await annaAt.createDirect("@whisper:localhost", `who ${ben}`);
    expect(made).to.equal(control.roomId);
    await annaAt.until(
      "the answer in the control room",
      () =>
        annaAt.seen.filter(
          (event) => event.getRoomId() === control.roomId && /\+61400000002/.test(bodyOf(event)),
        ).length >= 2,
    );
  });

  it("audit the rooms, in the admin room, for WhisperAdmin holders", async () => {
    const bossAt = await hire(stack, boss, { permissions: ["WhisperAdmin", "AccessWhisper"] });
    await putGroup(stack, "HMS-Administrator", [boss]);
    const admin = await roomOfKind(bossAt, "admin");
    expect(await ask(bossAt, admin, "audit")).to.match(/report follows here/);
    await bossAt.waitForText(/^I checked every room/, admin.roomId, 30_000);
    expect(annaAt.rooms().some((room) => room.roomId === admin.roomId)).to.equal(false);
  });
});
