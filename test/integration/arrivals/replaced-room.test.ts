import { expect } from "chai";
import { postAgain, roomTaken } from "../../../src/arrivals/replaced-room.ts";
import type { ConversationId, EventId } from "../../../src/policy/model.ts";
import { name, openPractice, type Practice, textOf } from "../../support/practice/arrivals.ts";

const ROOM = "arrivals:dr.jones";
const BETWEEN = "individual:dr.jones:mia.chen";
const OLD = `!${ROOM}`;
const NEW = `!${ROOM}:2`;

describe("an arrivals room that is replaced", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  /** Does as the reconciler does: retires the old room in favour of the conversation, which then gets another one. */
  async function replaced(): Promise<void> {
    await practice.database.transaction(async (tx) => {
      const { rows } = await tx.query<{ id: ConversationId }>(
        "UPDATE conversations SET room_id = $1 WHERE natural_key = $2 RETURNING id",
        [NEW, ROOM],
      );
      const id = rows[0]?.id as ConversationId;
      await tx.query("INSERT INTO retired_rooms (room_id, successor) VALUES ($1, $2)", [OLD, id]);
      await roomTaken(tx, { kind: "arrivals", id, revision: 1, user: name("dr.jones") });
    });
  }
  /** Runs the jobs that the new room has queued. @returns how many there were. */
  async function carriedOut(): Promise<number> {
    const { rowCount } = await practice.database.query(
      `DELETE FROM graphile_worker._private_jobs j USING graphile_worker._private_tasks t
       WHERE t.id = j.task_id AND t.identifier = 'arrival_room'`,
    );
    for (let count = 0; count < (rowCount ?? 0); count++)
      await postAgain(practice.database, practice.dependencies, name("dr.jones"));
    return rowCount ?? 0;
  }
  const refOf = async (posting: number) =>
    `arrival:${(await practice.arrivals())[0]?.id}:${posting}:dr.jones:notice`;
  const states = async () => (await practice.notices()).map(({ state, shown }) => [state, shown]);
  const write = (content: Record<string, unknown>, room: string) =>
    practice.event("dr.jones", { type: "m.room.message", content: { msgtype: "m.text", ...content }, room });

  it("shows each of its notices again, with buttons, and later answers count", async () => {
    const toldAt = async () => (await practice.notices())[0]?.told_at;
    await practice.put({});
    await practice.deliver();
    const before = await toldAt();
    await replaced();
    expect(await carriedOut()).to.equal(1);
    const posted = await practice.deliver();
    expect(posted.map(textOf).slice(0, 3)).to.deep.equal([
      "A.J. has arrived · 10:30 appointment · Main St · Patient 12345 · marked by Mia Chen",
      "✅",
      "↩️",
    ]);
    expect(posted[0]?.ref).to.equal(await refOf(2));
    expect(await toldAt()).to.deep.equal(before);
    await practice.put({ location: "North" });
    const [edit] = await practice.deliver();
    expect(edit?.target_ref).to.equal(await refOf(2));
    await practice.react("dr.jones", await practice.eventOf(await refOf(2)), "✅", NEW);
    expect(await states()).to.deep.equal([["acknowledged", false]]);
    expect((await practice.deliver()).map(({ type }) => type)).to.include("m.room.redaction");
  });

  it("shows replied notices as they are, and no retracted ones", async () => {
    await practice.put({});
    await practice.put({ bookingId: "b2", patientId: "2" });
    await practice.deliver();
    const reply = { "m.in_reply_to": { event_id: await practice.eventOf(await refOf(1)) } };
    await write({ body: "Coming.", "m.relates_to": reply }, OLD);
    await practice.put({ bookingId: "b2", patientId: "2", status: "cancelled" });
    await practice.deliver();
    await replaced();
    await carriedOut();
    expect((await practice.deliver()).filter(({ type }) => type === "m.room.message")).to.have.lengthOf(1);
    expect(await states()).to.have.deep.members([
      ["replied", true],
      ["retracted", false],
    ]);
  });

  it("does not duplicate notices that were still on their way", async () => {
    await practice.put({});
    await practice.database.query("UPDATE conversations SET room_id = $1 WHERE natural_key = $2", [
      OLD,
      ROOM,
    ]);
    await replaced();
    await carriedOut();
    const sent = await practice.deliver();
    expect(sent.filter(({ type }) => type === "m.room.message")).to.have.lengthOf(1);
    // Nothing more when the job runs again.
    await postAgain(practice.database, practice.dependencies, name("dr.jones"));
    expect(await practice.deliver()).to.deep.equal([]);
  });

  it("shows notices again that had been refused in it for good", async () => {
    await practice.put({});
    await practice.deliver();
    await practice.database.query(
      "UPDATE outbox SET dropped_at = now(), sent_at = NULL, event_id = NULL, room_id = NULL WHERE ref = $1",
      [await refOf(1)],
    );
    await replaced();
    await carriedOut();
    expect((await practice.deliver())[0]?.ref).to.equal(await refOf(2));
  });

  it("queues nothing if it has no notices", async () => {
    await practice.put({});
    await practice.put({ status: "cancelled" });
    await replaced();
    expect(await carriedOut()).to.equal(0);
  });

  it("has its history closed, so the next 🕘 opens it", async () => {
    await practice.put({});
    await practice.deliver();
    await write({ body: "history" }, OLD);
    expect(await practice.deliver()).to.have.lengthOf(1);
    await replaced();
    await write({ body: "history" }, NEW);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.message"]);
    await write({ body: "history" }, NEW);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
  });

  describe("and in which the recipient wrote something that is handled only afterwards", () => {
    let notice: EventId;
    beforeEach(async () => {
      await practice.put({});
      await practice.deliver();
      notice = await practice.eventOf(await refOf(1));
      await replaced();
    });

    it("passes a reply on, once", async () => {
      await carriedOut();
      await practice.deliver();
      await write({ body: "In a minute.", "m.relates_to": { rel_type: "m.thread", event_id: notice } }, OLD);
      const passedOn = (await practice.sent(BETWEEN)).map(textOf);
      expect(passedOn).to.have.lengthOf(1);
      expect(passedOn[0]).to.match(/In a minute\.$/);
      expect(await states()).to.deep.equal([["replied", true]]);
    });

    it("says why a reply could not be passed on, in the new room", async () => {
      await practice.user("mia.chen", { neverReceive: true });
      await write({ body: "Hello?", "m.relates_to": { "m.in_reply_to": { event_id: notice } } }, OLD);
      const [answer] = await practice.deliver();
      expect(answer && textOf(answer)).to.match(/^Your reply was not passed on\./);
      expect(answer?.target_ref).to.equal(null);
    });

    it("accepts ✅, and no longer shows the notice", async () => {
      await practice.react("dr.jones", notice, "✅", OLD);
      await carriedOut();
      expect(await states()).to.deep.equal([["acknowledged", false]]);
      expect((await practice.deliver()).filter(({ type }) => type === "m.room.message")).to.deep.equal([]);
    });

    it("posts no card for it", async () => {
      await practice.event("dr.jones", {
        type: "m.room.member",
        content: { membership: "join" },
        stateKey: "@ht_dr.jones:practice.test",
        room: OLD,
      });
      expect(await practice.deliver()).to.deep.equal([]);
    });
  });
});
