import { expect } from "chai";
import fc from "fast-check";
import { activityEvents } from "../../../../src/conversations/list/activity-events.ts";
import { archiveQuiet } from "../../../../src/conversations/list/archive.ts";
import { ARCHIVED_KEY, followTags, type RoomTags } from "../../../../src/conversations/list/tags.ts";
import type { EventId, RoomId, UserId } from "../../../../src/policy/model.ts";
import { DAY, type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

/** The tags of every account, as the homeserver keeps them, and how often it was asked. */
class Tags implements RoomTags {
  readonly all = new Map<string, Record<string, unknown>>();
  calls = 0;
  failFor: UserId | null = null;
  /** Happens once, before the next tag is put on or taken off; what it throws comes after. */
  meanwhile: (() => Promise<unknown>) | null = null;

  async of(user: UserId, room: RoomId) {
    this.calls += 1;
    if (user === this.failFor) throw new Error("refused");
    return this.all.get(`${user} ${room}`) ?? {};
  }
  async put(user: UserId, room: RoomId, tag: string, content: Record<string, unknown>) {
    const held = this.#happen();
    this.all.set(`${user} ${room}`, { ...(await this.of(user, room)), [tag]: content });
    await held;
  }
  async remove(user: UserId, room: RoomId, tag: string) {
    const held = this.#happen();
    const { [tag]: _, ...rest } = await this.of(user, room);
    this.all.set(`${user} ${room}`, rest);
    await held;
  }
  #happen(): Promise<unknown> {
    const happens = this.meanwhile;
    this.meanwhile = null;
    return happens?.() ?? Promise.resolve();
  }
}

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

  /** The hourly job, and the tags that follow. */
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

  it("takes a conversation out of the lists of those who have read it, three days after its last message", async () => {
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

  it("leaves it with those who have not read it, for ever, and counts what they have not read", async () => {
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

  it("comes back for every member with the next message, and asks nothing of the homeserver otherwise", async () => {
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

  it("comes back for whoever opens it anew, for three days more", async () => {
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

  it("comes back for whoever opens it anew while it is being taken out of their list", async () => {
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

  it("is out of the list of whoever has it hidden again while it is being brought back", async () => {
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

  it("comes back also when Whisper died between putting the tag on and writing that down", async () => {
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

  it("leaves the tags alone that users set themselves", async () => {
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

  it("does not hold up the others when one account fails, and tries that one again", async () => {
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

  it("counts a receipt that came before its event, and the furthest one when they come out of order", async () => {
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

  it("counts neither edits nor what was taken back, nor what Whisper says in one's own name as having read", async () => {
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

  it("counts what the bot says to everybody, and for a new member only what came after them", async () => {
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
    it(`keeps no list for an account that is not the practice's: ${outsider}`, async () => {
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

  it("hides what somebody leaves who is put back, until the next message", async () => {
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

  it("does not archive what was said or opened while it decided", async () => {
    const message = await house.say(room, "anna");
    await house.read(room, "ben", message);
    house.clock += 3 * DAY;
    // A message is being handled: its transaction holds the conversation's row until after the decision was made.
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

  it("agrees with a plain model over any course of events", async function () {
    this.timeout(120_000);
    const step = fc.oneof(
      fc.record({ do: fc.constant("say" as const), who: fc.constantFrom("anna", "ben", "cara") }),
      fc.record({ do: fc.constant("read" as const), who: fc.constantFrom("anna", "ben", "cara") }),
      fc.record({ do: fc.constant("open" as const), who: fc.constantFrom("anna", "ben", "cara") }),
      fc.record({ do: fc.constant("wait" as const), days: fc.constantFrom(1, 2, 3, 4) }),
    );
    const people = ["anna", "ben", "cara"];
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const name = `Group ${++count}`;
        const group = await house.open("anna", { users: ["ben", "cara"] }, name);
        room = await house.giveRoom("id" in group ? group.id : ("" as never), people.map(id));
        let last: { at: number; event: EventId } | null = null;
        const unreadBy = new Map(people.map((each) => [each, 0]));
        const openedAt = new Map<string, number>([["anna", house.clock]]);
        for (const each of steps) {
          if (each.do === "say") {
            last = { at: house.clock, event: await house.say(room, each.who) };
            for (const person of people)
              unreadBy.set(person, person === each.who ? 0 : (unreadBy.get(person) ?? 0) + 1);
          } else if (each.do === "read") {
            if (last !== null) await house.read(room, each.who, last.event);
            unreadBy.set(each.who, 0);
          } else if (each.do === "open") {
            await house.open(each.who, { users: people.filter((person) => person !== each.who) }, name);
            openedAt.set(each.who, house.clock);
          } else house.clock += each.days * DAY;
          await tick();
          for (const person of people) {
            const quietSince = Math.max(last?.at ?? Number.POSITIVE_INFINITY, openedAt.get(person) ?? 0);
            const archived = unreadBy.get(person) === 0 && house.clock >= quietSince + 3 * DAY;
            expect(isTagged(person), `${person} after ${JSON.stringify(each)}`).to.equal(archived);
            expect(await entry(person)).to.include({ archived, unread: unreadBy.get(person) });
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

/** Until a statement of ours waits for another one's lock, or the work is done without. */
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
