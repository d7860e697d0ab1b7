import { expect } from "chai";
import { activityEvents } from "../../../../src/conversations/list/activity-events.ts";
import { archiveQuiet } from "../../../../src/conversations/list/archive.ts";
import { ARCHIVED_KEY, followTags } from "../../../../src/conversations/list/tags.ts";
import type { EventId, RoomId, UserId } from "../../../../src/policy/model.ts";
import { DAY, type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";
import { Tags } from "../../../support/practice/tags.ts";

describe("three-day visibility", () => {
  let house: House;
  let tags: Tags;
  let room: RoomId;

  beforeEach(async () => {
    house = await openHouse(() => [activityEvents(SETTINGS)]);
    tags = new Tags();
    await house.staff({ users: ["anna", "ben", "cara"], groups: { Doctors: ["anna", "ben", "cara"] } });
    const opened = await house.open("anna", { users: ["ben"] });
    room = await house.giveRoom("id" in opened ? opened.id : ("" as never), [id("anna"), id("ben")]);
  });
  afterEach(() => house.close());

  /** Runs the hourly job, and then the tag updates. */
  const tick = async () => {
    await archiveQuiet(house.database, house.dependencies);
    await follow();
  };
  const follow = async () => {
    for (const { room_id } of await house.takeJobs("tags"))
      await followTags(house.database, tags, room_id as RoomId);
  };
  const tagsOf = (username: string) => tags.all.get(`${id(username)} ${room}`) ?? {};
  const isTagged = (username: string) =>
    ARCHIVED_KEY in ((tagsOf(username)["m.lowpriority"] as object | undefined) ?? {});
  const entry = async (username: string) =>
    (await house.list(username, true)).find((each) => each.room_id === room);

  it("removes a conversation from the lists of people who have read it, three days after its last message", async () => {
    await house.say(room, "anna");
    const last = await house.say(room, "ben");
    await house.read(room, "anna", last);
    house.clock += 3 * DAY - 1;
    await tick();
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([false, false]);
    house.clock += 1;
    await tick();
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([true, true]);
    expect((await house.list("anna")).map((each) => each.room_id)).not.to.include(room);
    expect(await entry("anna")).to.include({ archived: true, unread: 0 });
  });

  it("keeps it for people who have not read it, and counts their unread messages", async () => {
    const first = await house.say(room, "anna");
    await house.say(room, "anna");
    await house.say(room, "anna");
    house.clock += 400 * DAY;
    await tick();
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([true, false]);
    expect(await entry("ben")).to.include({ archived: false, unread: 3 });
    await house.read(room, "ben", first);
    expect(await entry("ben")).to.include({ unread: 2 });
  });

  it("brings it back for every member with the next message, and makes no other homeserver call", async () => {
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    await tick();
    const before = tags.calls;
    await tick();
    expect(tags.calls).to.equal(before);
    await house.say(room, "anna");
    await follow();
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([false, false]);
    const after = tags.calls;
    await house.say(room, "ben");
    await follow();
    expect(tags.calls).to.equal(after);
  });

  it("brings it back for whoever opens it again, for three more days", async () => {
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    await tick();
    await house.open("ben", { users: ["anna"] });
    await follow();
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([true, false]);
    house.clock += 3 * DAY - 1;
    await tick();
    expect(isTagged("ben")).to.equal(false);
    house.clock += 1;
    await tick();
    expect(isTagged("ben")).to.equal(true);
  });

  it("brings it back for whoever opens it again while it is being removed from their list", async () => {
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    tags.meanwhile = () => house.open("ben", { users: ["anna"] });
    await house.event({
      room,
      sender: id("ben"),
      type: "m.room.member",
      stateKey: id("ben"),
      content: { membership: "leave" },
    });
    await follow();
    await follow();
    expect(isTagged("ben")).to.equal(false);
  });

  it("removes it for whoever hides it again while it is being brought back", async () => {
    const leave = () =>
      house.event({
        room,
        sender: id("ben"),
        type: "m.room.member",
        stateKey: id("ben"),
        content: { membership: "leave" },
      });
    await leave();
    await follow();
    tags.meanwhile = leave;
    await house.say(room, "anna");
    await follow();
    await follow();
    expect(isTagged("ben")).to.equal(true);
  });

  it("brings it back even if Whisper was killed between setting the tag and recording it", async () => {
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    await archiveQuiet(house.database, house.dependencies);
    tags.meanwhile = () => Promise.reject(new Error("died"));
    expect(await followTags(house.database, tags, room).then(() => null, String)).to.equal("Error: died");
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([true, true]);
    await house.say(room, "anna");
    await follow();
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([false, false]);
  });

  it("leaves users' own tags alone", async () => {
    tags.all.set(`${id("anna")} ${room}`, { "m.lowpriority": { order: 0.5 }, "u.work": {} });
    tags.all.set(`${id("ben")} ${room}`, { "m.favourite": { order: 0.1 } });
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    await tick();
    expect(tagsOf("anna")).to.deep.equal({ "m.lowpriority": { order: 0.5 }, "u.work": {} });
    expect(tagsOf("ben")).to.deep.equal({
      "m.favourite": { order: 0.1 },
      "m.lowpriority": { order: 1, [ARCHIVED_KEY]: true },
    });
    await house.say(room, "ben");
    await follow();
    expect(tagsOf("anna")).to.deep.equal({ "m.lowpriority": { order: 0.5 }, "u.work": {} });
    expect(tagsOf("ben")).to.deep.equal({ "m.favourite": { order: 0.1 } });
  });

  it("does not delay the others if one account fails, and retries that one", async () => {
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    tags.failFor = id("anna");
    await archiveQuiet(house.database, house.dependencies);
    const [error] = await Promise.all([followTags(house.database, tags, room).then(() => null, String)]);
    expect(error).to.equal("Error: refused");
    expect(isTagged("ben")).to.equal(true);
    tags.failFor = null;
    await followTags(house.database, tags, room);
    expect(isTagged("anna")).to.equal(true);
  });

  it("counts a receipt that arrives before its event, and the furthest one if they arrive out of order", async () => {
    await house.read(room, "ben", "$later" as EventId);
    const first = await house.say(room, "anna");
    expect(await entry("ben")).to.include({ unread: 1 });
    await house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: { body: "x" },
      eventId: "$later",
    });
    expect(await entry("ben")).to.include({ unread: 0 });
    house.clock += 1;
    await house.read(room, "ben", "$later" as EventId);
    house.clock += 1;
    await house.read(room, "ben", first);
    expect(await entry("ben")).to.include({ unread: 0 });
  });

  it("does not count edits, redacted messages or what Whisper sends in the reader's name", async () => {
    const message = await house.say(room, "anna");
    const edit = { body: "* x", "m.relates_to": { rel_type: "m.replace", event_id: message } };
    await house.event({ room, sender: id("anna"), type: "m.room.message", content: edit });
    expect(await entry("ben")).to.include({ unread: 1 });
    const passedOn = { body: "as the doctor", "au.healthtrack.whisper.ref": "reply" };
    await house.event({ room, sender: id("ben"), type: "m.room.message", content: passedOn });
    expect(await entry("ben")).to.include({ unread: 1 });
    await house.event({ room, sender: id("anna"), type: "m.room.redaction", content: { redacts: message } });
    expect(await entry("ben")).to.include({ unread: 0 });
    await house.say(room, "anna");
    await house.say(room, "ben", "I have seen it");
    expect(await entry("ben")).to.include({ unread: 0 });
  });

  it("counts the bot's messages for everyone, and for a new member only later messages", async () => {
    const opened = await house.open("anna", { groups: ["Doctors"] });
    room = await house.giveRoom("id" in opened ? opened.id : ("" as never), [id("anna")]);
    await house.say(room, "anna");
    await house.event({ room, sender: SETTINGS.bot, type: "m.room.message", content: { body: "x" } });
    await house.event({
      room,
      sender: id("cara"),
      type: "m.room.member",
      stateKey: id("cara"),
      content: { membership: "join" },
    });
    expect(await entry("cara")).to.include({ unread: 0 });
    await house.say(room, "anna");
    expect(await entry("cara")).to.include({ unread: 1 });
    house.clock += 3 * DAY;
    expect(await entry("cara")).to.include({ archived: false });
  });

  for (const outsider of ["@root:practice.test", "@ht_mia:elsewhere.test"] as UserId[]) {
    it(`keeps no list for an account outside the practice: ${outsider}`, async () => {
      for (const membership of ["join", "leave"])
        await house.event({
          room,
          sender: outsider,
          type: "m.room.member",
          stateKey: outsider,
          content: { membership },
        });
      expect(await house.takeJobs("tags")).to.deep.equal([]);
    });
  }

  it("hides a conversation that someone leaves and is put back into, until the next message", async () => {
    await house.event({
      room,
      sender: id("ben"),
      type: "m.room.member",
      stateKey: id("ben"),
      content: { membership: "leave" },
    });
    await follow();
    expect([isTagged("anna"), isTagged("ben")]).to.deep.equal([false, true]);
    await house.say(room, "anna");
    await follow();
    expect(isTagged("ben")).to.equal(false);
  });

  it("does not archive a conversation that was active or opened while it decided", async () => {
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    // A message is being handled: its transaction holds the conversation's row until the decision has been made.
    const client = await house.database.pool.connect();
    await client.query("BEGIN");
    await client.query(
      "UPDATE conversations SET last_activity_at = to_timestamp($2 / 1000.0) WHERE room_id = $1",
      [room, house.clock],
    );
    const archiving = archiveQuiet(house.database, house.dependencies);
    await Promise.race([waitsForLock(house, archiving), archiving]);
    await client.query("COMMIT");
    client.release();
    expect(await archiving).to.equal(0);
  });
});

/** Resolves when one of our statements waits for another's lock, or when the work is done without waiting. */
async function waitsForLock(house: House, work: Promise<unknown>): Promise<void> {
  let done = false;
  void work.finally(() => {
    done = true;
  });
  while (!done) {
    const waiting = await house.database.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    if (waiting.rowCount !== 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
