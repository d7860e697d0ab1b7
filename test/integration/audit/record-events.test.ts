import { randomUUID } from "node:crypto";
import { expect } from "chai";
import { pino } from "pino";
import { recordOriginal } from "../../../src/audit/events/originals.ts";
import { recordParked } from "../../../src/audit/events/parked.ts";
import { recordEvents } from "../../../src/audit/events/record-events.ts";
import { carryOverLate } from "../../../src/messages/carry-over.ts";
import type { EventHandler, MatrixEvent } from "../../../src/messages/event.ts";
import { drainInbox, storeEvents } from "../../../src/messages/inbox.ts";
import { redactionEvents } from "../../../src/messages/inbox-retention.ts";
import { enqueueSends, REF_KEY } from "../../../src/messages/outbox.ts";
import { awaitOwnMember, mirrorEvent, mirrorOwnMember } from "../../../src/mirror/mirror.ts";
import type { ConversationId, EventId, RoomId } from "../../../src/policy/model.ts";
import { recorder } from "../../../src/record/recorder.ts";
import { type House, id, openHouse, SETTINGS, type TestEvent } from "../../support/practice/conversations.ts";
import { RECORD_KEYS } from "../../support/practice/record-keys.ts";
import { recordedEntries } from "../../support/practice/recorded.ts";

const record = recorder(RECORD_KEYS);
const ANNA = id("anna");
const MIA = id("mia");

type Sent = Partial<TestEvent> & Pick<TestEvent, "content">;
const MIRROR: EventHandler = {
  name: "mirror",
  handle: async (tx, event) => void (await mirrorEvent(tx, event)),
};

describe("what happens in the rooms, in the record", () => {
  let house: House;
  let room: RoomId;
  let conversation: ConversationId;
  beforeEach(async () => {
    house = await openHouse();
    await house.staff({ users: ["anna", "mia"] });
    const opened = await house.opened("anna", { users: ["mia"] });
    [room, conversation] = [opened.room, opened.id];
  });
  afterEach(() => house.close());

  const entry = async (ref: string) =>
    (await recordedEntries(house.database, RECORD_KEYS)).find((each) => each.ref === ref);
  /** Synapse sends an event, and Whisper handles it, first for the record. */
  async function send({ sender = ANNA, type = "m.room.message", ...event }: Sent): Promise<EventId> {
    const event_id = (event.eventId ?? `$${randomUUID()}`) as EventId;
    const { stateKey: state_key, content, unsigned } = event;
    const origin_server_ts = event.at ?? Date.now();
    await storeEvents(house.database, [
      { event_id, room_id: room, sender, type, content, state_key, unsigned, origin_server_ts },
    ]);
    await drainInbox(
      house.database,
      [recordEvents(SETTINGS, record), MIRROR],
      pino({ level: "silent" }),
      room,
    );
    return event_id;
  }
  const say = (body: string, more: object = {}) => send({ content: { msgtype: "m.text", body, ...more } });

  it("has a message, encrypted, with who, where and when", async () => {
    const at = new Date();
    const event = await send({ at: at.getTime(), content: { msgtype: "m.text", body: "Room 3 is free" } });
    expect(await entry(event)).to.deep.include({
      type: "message",
      actor: ANNA,
      onBehalfOf: null,
      room,
      about: null,
      at,
      late: false,
      body: { type: "m.room.message", content: { msgtype: "m.text", body: "Room 3 is free" } },
    });
    const stored = await house.database.query<{ row: string }>("SELECT e::text AS row FROM record_entries e");
    expect(stored.rows.map(({ row }) => row).join()).to.not.contain(Buffer.from("Room 3").toString("hex"));
  });

  it("keeps the original of what was edited and deleted", async () => {
    const original = await say("Room 3");
    const edit = await say("* Room 4", {
      "m.new_content": { msgtype: "m.text", body: "Room 4" },
      "m.relates_to": { rel_type: "m.replace", event_id: original },
    });
    const deletion = await send({ type: "m.room.redaction", sender: MIA, content: { redacts: original } });
    expect((await entry(original))?.body.content).to.deep.include({ body: "Room 3" });
    expect(await entry(edit)).to.deep.include({ type: "edit", actor: ANNA, about: original });
    expect(await entry(deletion)).to.deep.include({ type: "deletion", actor: MIA, about: original });
  });

  it("has reactions, files with name and size, stickers, polls, and whatever else people send", async () => {
    const file = {
      msgtype: "m.file",
      body: "results.pdf",
      url: "mxc://practice.test/a",
      info: { size: 1234 },
    };
    const message = await send({ content: file });
    const reaction = await send({
      type: "m.reaction",
      content: { "m.relates_to": { rel_type: "m.annotation", event_id: message, key: "👍" } },
    });
    const unknown = await send({ type: "org.example.anything", content: { text: "hello" } });
    expect((await entry(message))?.body.content).to.deep.equal(file);
    expect(await entry(reaction)).to.deep.include({ type: "reaction", about: message });
    expect(await entry(unknown)).to.deep.include({ type: "message" });
  });

  it("has notices and alerts as what Whisper said", async () => {
    const notice = await send({ sender: SETTINGS.bot, content: { body: "Arrived" } });
    const alert = await send({ sender: SETTINGS.bot, content: { body: "Fire", [REF_KEY]: "alert:7" } });
    expect(await entry(notice)).to.deep.include({ type: "notice", actor: "whisper", onBehalfOf: null });
    expect(await entry(alert)).to.deep.include({ type: "alert", actor: "whisper" });
  });

  it("shows what Whisper writes in someone's name as Whisper's", async () => {
    await house.database.transaction((tx) =>
      enqueueSends(tx, [
        { ref: "pass", conversation, purpose: { is: "edit" }, as: ANNA, type: "m.room.message", content: {} },
      ]),
    );
    const passed = await say("On my way", { [REF_KEY]: "pass" });
    expect(await entry(passed)).to.deep.include({ type: "message", actor: "whisper", onBehalfOf: ANNA });
  });

  it("is not misled by someone who sends a ref of Whisper's", async () => {
    await house.database.transaction((tx) =>
      enqueueSends(tx, [
        { ref: "pass", conversation, purpose: { is: "edit" }, as: ANNA, type: "m.room.message", content: {} },
      ]),
    );
    await house.database.query("UPDATE outbox SET event_id = '$sent', sent_at = now()");
    const again = await say("That was Whisper", { [REF_KEY]: "pass" });
    const other = await send({ sender: MIA, content: { body: "So was this", [REF_KEY]: "pass" } });
    const unknown = await say("And this", { [REF_KEY]: { not: "a ref" } });
    expect(await entry(again)).to.deep.include({ actor: ANNA, onBehalfOf: null });
    expect(await entry(other)).to.deep.include({ actor: MIA, onBehalfOf: null });
    expect(await entry(unknown)).to.deep.include({ actor: ANNA, onBehalfOf: null });
  });

  it("has a message of a replaced room once, and its repetition as Whisper's, about it", async () => {
    const said = await say("Where is everybody?");
    const stored = await house.database.query<{ event: MatrixEvent }>(
      "SELECT event FROM inbox WHERE event_id = $1",
      [said],
    );
    await house.database.transaction(async (tx) => {
      for (const { event } of stored.rows)
        await carryOverLate(tx, event, { id: conversation, kind: "individual" });
    });
    const repeated = await say("Where is everybody?", { [REF_KEY]: `moved:${said}` });
    expect(await entry(said)).to.deep.include({ actor: ANNA, about: null });
    expect(await entry(repeated)).to.deep.include({ actor: "whisper", onBehalfOf: ANNA, about: said });
  });

  it("tells memberships that Whisper changed from those that people changed", async () => {
    const membership = (value: string, stateKey = MIA, sender = MIA) =>
      send({ type: "m.room.member", sender, stateKey, content: { membership: value } });
    await house.database.transaction(async (tx) => {
      await awaitOwnMember(tx, room, MIA, "join");
    });
    const before = await membership("join");
    await house.database.transaction(async (tx) => {
      await awaitOwnMember(tx, room, MIA, "leave");
      await mirrorOwnMember(tx, room, MIA, "leave");
    });
    const after = await membership("leave");
    const own = await membership("join");
    const kicked = await membership("leave", MIA, ANNA);
    expect(await entry(before)).to.deep.include({ type: "membership", actor: "whisper", onBehalfOf: MIA });
    expect(await entry(after)).to.deep.include({ actor: "whisper", onBehalfOf: MIA });
    expect(await entry(own)).to.deep.include({ actor: MIA, onBehalfOf: null });
    expect(await entry(kicked)).to.deep.include({ actor: ANNA, onBehalfOf: null });
    expect((await entry(kicked))?.body).to.deep.include({ state_key: MIA });
  });

  it("has names, topics and pictures of rooms, and no state that nobody sees", async () => {
    const name = await send({ type: "m.room.name", stateKey: "", content: { name: "Theatre" } });
    const rules = await send({ type: "m.room.join_rules", stateKey: "", content: { join_rule: "invite" } });
    expect(await entry(name)).to.deep.include({ type: "room", actor: ANNA });
    expect(await entry(rules)).to.equal(undefined);
  });

  it("has an event once, however often it comes", async () => {
    const event = await say("Once");
    await house.database.query("DELETE FROM inbox");
    await send({ eventId: event, content: { msgtype: "m.text", body: "Once" } });
    const all = await recordedEntries(house.database, RECORD_KEYS);
    expect(all.filter(({ ref }) => ref === event)).to.have.length(1);
  });

  it("marks what came late, and takes any time that a client may make up", async () => {
    const late = await send({ at: Date.now() - 3_600_000, content: { body: "while Whisper was down" } });
    const odd = await send({ at: 8.7e15, content: { body: "from the end of time" } });
    expect(await entry(late)).to.deep.include({ late: true });
    expect(await entry(odd)).to.deep.include({ late: false });
  });

  it("has what another feature cannot handle, once it is put aside, and once only", async () => {
    const event = { event_id: "$parked", room_id: room, sender: ANNA, type: "m.room.message" };
    await storeEvents(house.database, [
      { ...event, origin_server_ts: Date.now(), content: { msgtype: "m.text", body: "Still said" } },
      { event_id: "$no event", room_id: room, sender: ANNA, type: 7 },
    ]);
    await house.database.query(
      "UPDATE inbox SET parked_at = now() WHERE event_id LIKE '$%' AND handled_at IS NULL",
    );
    for (let run = 0; run < 2; run++) await recordParked(house.database, SETTINGS, record);
    expect((await entry("$parked"))?.body.content).to.deep.include({ body: "Still said" });
    const all = await recordedEntries(house.database, RECORD_KEYS);
    expect(all.filter(({ ref }) => ref === "$parked")).to.have.length(1);
  });

  it("asks for what was put aside and then deleted, before it could be recorded", async () => {
    await storeEvents(house.database, [
      {
        event_id: "$aside",
        room_id: room,
        sender: ANNA,
        type: "m.room.message",
        origin_server_ts: Date.now(),
        content: { msgtype: "m.text", body: "Put aside" },
      },
    ]);
    await house.database.query("UPDATE inbox SET parked_at = now() WHERE event_id = '$aside'");
    await house.database.transaction((tx) =>
      redactionEvents.handle(tx, {
        event_id: "$deletion" as EventId,
        room_id: room,
        sender: ANNA,
        type: "m.room.redaction",
        origin_server_ts: Date.now(),
        content: { redacts: "$aside" },
      }),
    );
    await recordParked(house.database, SETTINGS, record);
    expect(await entry("$aside")).to.equal(undefined);
    expect(await house.takeJobs("record_original")).to.deep.equal([{ event_id: "$aside" }]);
  });

  describe("for what was deleted before it came", () => {
    const sent = { msgtype: "m.text", body: "Gone in a second" };
    const deleted = () =>
      send({ eventId: "$gone", content: {}, unsigned: { redacted_because: { sender: ANNA } } });
    const originals = (originalContent: (event: EventId) => Promise<MatrixEvent["content"] | null>) => ({
      database: house.database,
      settings: SETTINGS,
      record,
      originalContent,
    });

    it("asks for what was written, and has it once", async () => {
      await deleted();
      expect(await entry("$gone")).to.equal(undefined);
      expect(await house.takeJobs("record_original")).to.deep.equal([{ event_id: "$gone" }]);
      for (let run = 0; run < 2; run++)
        await recordOriginal(
          originals(async () => sent),
          "$gone" as EventId,
        );
      expect(await entry("$gone")).to.deep.include({ type: "message", actor: ANNA, room });
      expect((await entry("$gone"))?.body.content).to.deep.equal(sent);
      const all = await recordedEntries(house.database, RECORD_KEYS);
      expect(all.filter(({ ref }) => ref === "$gone")).to.have.length(1);
    });

    it("has at least that it was there, if Synapse has forgotten it", async () => {
      await deleted();
      await recordOriginal(
        originals(async () => null),
        "$gone" as EventId,
      );
      expect(await entry("$gone")).to.deep.include({ actor: ANNA });
      expect((await entry("$gone"))?.body.content).to.deep.equal({});
    });
  });
});
