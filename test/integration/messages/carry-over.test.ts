import { expect } from "chai";
import { roomEvents } from "../../../src/appservice/rooms/room-events.ts";
import { carryOver } from "../../../src/messages/carry-over.ts";
import { REF_KEY } from "../../../src/messages/outbox.ts";
import type { ConversationId, ConversationKind, RoomId } from "../../../src/policy/model.ts";
import { type House, id, openHouse } from "../../support/practice/conversations.ts";

const OLD = "!closed:practice.test" as RoomId;
const C = "c1" as ConversationId;

describe("messages in a room that is closed in favour of a conversation", () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse((dependencies) => [roomEvents(dependencies)]);
    await house.staff({ users: ["anna", "ben"] });
  });
  afterEach(() => house.close());

  async function conversation(kind: ConversationKind): Promise<void> {
    await house.database.query(
      `INSERT INTO conversations (id, kind, natural_key, username, other_username, security_group, room_id)
       VALUES ($1, $2, 'test', 'anna', 'ben', 'Doctors', $3)`,
      [C, kind, OLD],
    );
  }
  /** The conversation's room cannot be repaired, so another one takes its place. */
  async function replaced(): Promise<void> {
    await house.database.query("UPDATE conversations SET room_id = '!next:practice.test' WHERE id = $1", [C]);
    await house.database.query("INSERT INTO retired_rooms (room_id, successor) VALUES ($1, $2)", [OLD, C]);
  }
  const say = (body: string, relation?: Record<string, unknown>) =>
    house.event({
      room: OLD,
      sender: id("anna"),
      type: "m.room.message",
      content: { msgtype: "m.text", body, ...(relation && { "m.relates_to": relation }) },
    });
  const saidAgain = async () => (await house.sent(C)).map(({ content }) => content.body);

  for (const kind of ["individual", "group", "custom", "control"] as const) {
    it(`are repeated in the conversation if they came too late, and only those: ${kind}`, async () => {
      await conversation(kind);
      await say("Read long ago.");
      await replaced();
      await say("Too late.");
      await house.event({
        room: OLD,
        sender: id("anna"),
        type: "m.room.member",
        stateKey: id("anna"),
        content: { membership: "leave" },
      });
      expect(await saidAgain()).to.deep.equal(["Too late."]);
    });
  }

  for (const [type, content] of [
    ["m.sticker", { body: "Hello", url: "mxc://practice.test/wave", info: {} }],
    ["org.matrix.msc3381.poll.start", { "org.matrix.msc3381.poll.start": { question: { body: "Lunch?" } } }],
  ] as const) {
    it(`are repeated with their type: ${type}`, async () => {
      await conversation("individual");
      await house.event({ room: OLD, sender: id("anna"), type, content });
      await house.database.transaction((tx) => carryOver(tx, OLD, C));
      await replaced();
      await house.event({ room: OLD, sender: id("anna"), type, content });
      expect((await house.sent(C)).map((send) => [send.type, send.content])).to.deep.equal([
        [type, content],
        [type, content],
      ]);
    });
  }

  for (const kind of ["arrivals", "alerts", "admin"] as const) {
    it(`are not repeated where only Whisper writes: ${kind}`, async () => {
      await conversation(kind);
      await replaced();
      await say("Too late.");
      expect(await saidAgain()).to.deep.equal([]);
    });
  }

  it("are not repeated if Whisper sent them, even in someone's name", async () => {
    await conversation("individual");
    await replaced();
    await house.event({
      room: OLD,
      sender: id("anna"),
      type: "m.room.message",
      content: { body: "Passed on.", [REF_KEY]: "arrival-reply:$x" },
    });
    expect(await saidAgain()).to.deep.equal([]);
  });

  it("refer to what was repeated, and to nothing in the closed room, which a homeserver refuses", async () => {
    await conversation("group");
    const before = await say("Read long ago.");
    await replaced();
    await say("In a thread.", { rel_type: "m.thread", event_id: before });
    await say("A reply.", { "m.in_reply_to": { event_id: before } });
    await say("* Corrected", { rel_type: "m.replace", event_id: before });
    const late = await say("Too late.");
    await say("* Too late, corrected", { rel_type: "m.replace", event_id: late });
    await say("To that.", { "m.in_reply_to": { event_id: late } });
    expect(
      (await house.sent(C)).map(({ content, target_ref }) => [
        content.body,
        content["m.relates_to"] !== undefined,
        target_ref,
      ]),
    ).to.deep.equal([
      ["In a thread.", false, null],
      ["A reply.", false, null],
      ["Too late.", false, null],
      ["* Too late, corrected", true, `moved:${late}`],
      ["To that.", true, `moved:${late}`],
    ]);
  });

  it("are repeated from the beginning if a user had made the room in a client", async () => {
    await house.database.query(
      "INSERT INTO conversations (id, kind, natural_key) VALUES ($1, 'control', 'test')",
      [C],
    );
    const first = await say("One.");
    await say("* One!", { rel_type: "m.replace", event_id: first });
    await house.database.query("INSERT INTO retired_rooms (room_id, successor) VALUES ($1, $2)", [OLD, C]);
    await house.database.transaction((tx) => carryOver(tx, OLD, C));
    await say("Two.");
    expect(await saidAgain()).to.deep.equal(["One.", "* One!", "Two."]);
    expect((await house.sent(C))[1]?.target_ref).to.equal(`moved:${first}`);
  });
});
