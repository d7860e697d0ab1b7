import { expect } from "chai";
import { commandEvents } from "../../../src/commands/events.ts";
import { helpCommand } from "../../../src/commands/help.ts";
import * as said from "../../../src/messages/words.ts";
import type { RoomId } from "../../../src/policy/model.ts";
import { type House, id, openHouse } from "../../support/practice/conversations.ts";

describe("what people ask Whisper", () => {
  let house: House;
  let control: RoomId;

  before(async () => {
    house = await openHouse((dependencies) => [
      commandEvents({ ...dependencies, commands: [helpCommand(() => [])] }),
    ]);
    await house.staff({
      users: ["anna", "ben", "cara", "dan", { username: "gone", active: false }],
      groups: { Doctors: ["anna"], Nurses: ["anna", "ben", "cara", "gone"] },
    });
    await house.database.query(
      "INSERT INTO conversations (kind, natural_key, username) VALUES ('control', 'control:anna', 'anna')",
    );
    control = await house.giveRoom((await house.controlOf("anna")) as never, [id("anna")]);
  });
  after(() => house.close());

  const sentTo = async (username: string) => house.sent(await house.controlOf(username));
  /** Anna does something in a room. @returns the answers in her chat with Whisper, and the event. */
  async function answersTo(type: string, content: Record<string, unknown>, room = control) {
    const before = (await sentTo("anna")).length;
    const event = await house.event({ room, sender: id("anna"), type, content });
    return { event, answers: (await sentTo("anna")).slice(before) };
  }
  const write = (body: string, relation: object | null = null, room = control) =>
    answersTo(
      "m.room.message",
      { msgtype: "m.text", body, ...(relation && { "m.relates_to": relation }) },
      room,
    );

  describe("in a way that Whisper cannot read", () => {
    const POLL = { "org.matrix.msc3381.poll.start": { question: { body: "Lunch?" }, answers: [] } };
    for (const [kind, type, content] of [
      ["a picture", "m.room.message", { msgtype: "m.image", body: "scan.png", url: "mxc://practice.test/a" }],
      [
        "a voice message",
        "m.room.message",
        { msgtype: "m.audio", body: "voice", "org.matrix.msc3245.voice": {} },
      ],
      ["a place", "m.room.message", { msgtype: "m.location", body: "Here", geo_uri: "geo:1,2" }],
      ["a sticker", "m.sticker", { body: "help", url: "mxc://practice.test/b", info: {} }],
      ["a poll", "org.matrix.msc3381.poll.start", POLL],
      ["a call", "m.call.invite", { call_id: "1", version: "1", lifetime: 60_000 }],
    ] as const) {
      it(`is answered with what to do: ${kind}`, async () => {
        const { answers } = await answersTo(type, content);
        expect(answers.map((each) => each.content.body)).to.deep.equal([said.textOnly]);
      });
    }
  });

  it("is answered in the thread where it was asked", async () => {
    const { answers } = await write("hlep", { rel_type: "m.thread", event_id: "$root" });
    expect(answers[0]?.content.body).to.equal(said.unknownCommand("hlep", "help"));
    expect(answers[0]?.content["m.relates_to"]).to.include({ rel_type: "m.thread" });
    const row = await house.database.query("SELECT target_event FROM outbox WHERE ref = $1", [
      answers[0]?.ref,
    ]);
    expect(row.rows).to.deep.equal([{ target_event: "$root" }]);
  });

  it("is answered if it is a correction, under the corrected message, with what to do", async () => {
    const { event } = await write("hlep");
    const { answers } = await write("* help", { rel_type: "m.replace", event_id: event });
    expect(answers.map((each) => each.content.body)).to.deep.equal([said.notAgain]);
    const row = await house.database.query("SELECT target_event FROM outbox WHERE ref = $1", [
      answers[0]?.ref,
    ]);
    expect(row.rows).to.deep.equal([{ target_event: event }]);
  });

  for (const text of ["#sms call me", "#SMS: call me", "#patient 12345"]) {
    it(`is answered where it has no effect: ${text}`, async () => {
      const { answers } = await write(text);
      expect(answers[0]?.content.body).to.match(/^#(sms|patient) does nothing here: .*Nothing was sent\./);
    });
  }

  describe("with ? alone", () => {
    const deleted = async (conversation: string) =>
      house.database
        .query<{ as_user: string; target_event: string }>(
          "SELECT as_user, target_event FROM outbox WHERE conversation_id = $1 AND type = 'm.room.redaction'",
          [conversation],
        )
        .then(({ rows }) => rows);

    it("in a security group is answered with its members, to the asker alone, and is deleted", async () => {
      const { id: group, room } = await house.opened("anna", { groups: ["Nurses"] });
      const { event, answers } = await write("?", null, room);
      expect(answers.map((each) => each.content.body)).to.deep.equal([
        "There are 3 people in Nurses (group):\n• set in HealthTrack: Anna, Ben, Cara",
      ]);
      expect(await deleted(group)).to.deep.equal([{ as_user: id("anna"), target_event: event }]);
      expect((await house.sent(group)).filter(({ type }) => type === "m.room.message")).to.deep.equal([]);
    });

    it("in a custom group is answered with who is in it and through which groups", async () => {
      const inner = await house.opened("anna", { users: ["dan"], groups: ["Doctors"] }, "Inner");
      const { room } = await house.opened(
        "anna",
        { users: ["cara"], groups: ["Nurses"], customGroups: [inner.id] },
        "Night shift",
      );
      const { answers } = await write(" ? ", null, room);
      expect(answers.map((each) => each.content.body)).to.deep.equal([
        [
          "There are 4 people in Night shift (custom group):",
          "• added directly: Cara",
          "• through Nurses (group): Anna, Ben, Cara",
          "• through Inner (custom group): Anna, Dan",
        ].join("\n"),
      ]);
    });

    it("is not answered for someone who was removed before it was read", async () => {
      const { id: group, room } = await house.opened("ben", { users: ["anna", "cara"] }, "Complaints");
      await house.edit("ben", group, { remove: { users: ["anna"] } });
      const { answers } = await write("?", null, room);
      expect(answers).to.deep.equal([]);
    });

    it("in an individual conversation is also deleted", async () => {
      const { id: pair, room } = await house.opened("anna", { users: ["ben"] });
      const { event, answers } = await write("?", null, room);
      expect(answers[0]?.content.body).to.match(/^Ben\n/);
      expect(await deleted(pair)).to.deep.equal([{ as_user: id("anna"), target_event: event }]);
    });

    it("is a message like any other if it was corrected to ?", async () => {
      const { room } = await house.opened("anna", { users: ["ben"] });
      const { answers } = await write("?", { rel_type: "m.replace", event_id: "$x" }, room);
      expect(answers).to.deep.equal([]);
    });
  });
});
