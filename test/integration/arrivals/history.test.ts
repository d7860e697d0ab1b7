import { expect } from "chai";
import { clearStale } from "../../../src/arrivals/stale.ts";
import { arrivalTasks } from "../../../src/arrivals/tasks.ts";
import type { EventId } from "../../../src/policy/model.ts";
import { openPractice, type Practice, type Sent, textOf } from "../../support/practice/arrivals.ts";

const ROOM = "arrivals:dr.jones";

describe("the history of arrivals", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
    await practice.put({});
    await practice.deliver();
  });
  afterEach(() => practice.close());

  const noticeEvent = async (id: unknown) => practice.eventOf(`arrival:${id}:1:dr.jones:notice`);
  const write = (body: string) =>
    practice.event("dr.jones", { type: "m.room.message", content: { msgtype: "m.text", body } });

  /** Posts and pins the doctor's card. */
  async function card(): Promise<EventId> {
    await practice.joins("dr.jones");
    const [message] = await practice.deliver();
    if (message?.event_id == null) throw new Error("no card");
    return message.event_id;
  }

  async function acknowledged(): Promise<void> {
    const [arrival] = await practice.arrivals();
    await practice.react("dr.jones", await noticeEvent(arrival?.id), "✅");
    await practice.deliver();
  }

  it("leaves out the oldest arrivals if one message cannot hold them all", async () => {
    const location = '"<'.repeat(120);
    for (let count = 0; count < 30; count++) {
      await practice.put({
        bookingId: `long ${count}`,
        patientId: `${count}${location}`.slice(0, 250),
        location,
      });
      const arrival = (await practice.arrivals()).find(({ patient_id }) =>
        String(patient_id).startsWith(`${count}"`),
      );
      await practice.deliver();
      await practice.react("dr.jones", await noticeEvent(arrival?.id), "✅");
    }
    await practice.deliver();
    await write("history");
    const history = (await practice.sent(ROOM)).find(({ ref }) => ref.startsWith("arrival-history"));
    expect(Buffer.byteLength(JSON.stringify(history?.content))).to.be.below(62_000);
    expect(history?.content.formatted_body).to.match(/^Arrivals .*<ul>.*<\/ul>$/);
    const shown = String(history?.content.body).split("\n").length - 1;
    expect(shown).to.be.within(10, 29);
  });

  it("has one card in the room, with 🕘 under it, which is pinned once it is there", async () => {
    await practice.joins("dr.jones");
    await practice.joins("dr.jones");
    const [message, button, ...others] = await practice.deliver();
    expect(others).to.deep.equal([]);
    expect(message?.content).to.include({ msgtype: "m.notice" });
    expect(message && textOf(message).split("\n").slice(1, -1)).to.deep.equal([
      "✅ when you have seen it: the notice goes",
      "↩️ to write a reply",
      "⏳ to answer “Five minutes, please.”",
      "🚪 to answer “Please send them in.”",
    ]);
    expect(button && [textOf(button), button.target_ref]).to.deep.equal(["🕘", message?.ref]);
    await practice.event("@whisper:practice.test", {
      type: "m.room.message",
      room: "!arrivals:dr.jones",
      id: "$card" as EventId,
      content: { "au.healthtrack.whisper.ref": message?.ref },
    });
    const jobs = await practice.database.query<{ payload: { room_id: string; event_id: string } }>(
      "SELECT payload FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id WHERE t.identifier = 'arrival_card'",
    );
    const pinned: unknown[] = [];
    const tasks = arrivalTasks(practice.dependencies, practice.database, {
      pin: async (...where) => void pinned.push(where),
    });
    for (const { payload } of jobs.rows) await tasks.arrival_card(payload);
    expect(pinned).to.deep.equal([["!arrivals:dr.jones", "$card"]]);
  });

  it("is shown by history and hidden by it again", async () => {
    await acknowledged();
    await write("History");
    const [shown] = await practice.deliver();
    expect(shown?.content.msgtype).to.equal("m.notice");
    expect(shown && textOf(shown)).to.match(
      /^Arrivals that you have acknowledged, newest first\..*\n- Mon 2 Mar · A\.J\. has arrived · 10:30 appointment · Main St · Patient 12345 · acknowledged by Dr Jones at 11:00 · waited \d+ minutes?$/s,
    );
    await write(" history ");
    expect((await practice.deliver()).map(({ type, target_ref }) => [type, target_ref])).to.deep.equal([
      ["m.room.redaction", shown?.ref],
    ]);
    await write("history");
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.message"]);
  });

  it("is shown by 🕘 on the card, which works like a button", async () => {
    const on = await card();
    await acknowledged();
    const first = await practice.react("dr.jones", on, "🕘");
    const [shown, release] = await practice.deliver();
    expect(shown?.type).to.equal("m.room.message");
    // The click is removed, so that the next one counts as a click.
    expect(release?.type).to.equal("m.room.redaction");
    const target = await practice.database.query("SELECT target_event FROM outbox WHERE ref = $1", [
      release?.ref,
    ]);
    expect(target.rows).to.deep.equal([{ target_event: first.event_id }]);
    await practice.react("dr.jones", on, "🕘");
    expect((await practice.deliver()).map(({ target_ref }) => target_ref)).to.include(shown?.ref);
  });

  it("is hidden when the user takes 🕘 back before Whisper could", async () => {
    const on = await card();
    const click = await practice.react("dr.jones", on, "🕘");
    await practice.deliver();
    await practice.event("dr.jones", { type: "m.room.redaction", content: { redacts: "$another" } });
    expect(await practice.deliver()).to.deep.equal([]);
    await practice.event("dr.jones", { type: "m.room.redaction", content: { redacts: click.event_id } });
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
  });

  it("says if there is none", async () => {
    await write("history");
    expect((await practice.deliver()).map(textOf)[0]).to.equal("You have not acknowledged any arrivals yet.");
  });

  it("lists the newest first, cleared ones as not acknowledged, and leaves out retracted ones", async () => {
    await acknowledged();
    for (const id of ["b2", "b3"]) await practice.put({ bookingId: id, patientId: id, patientName: null });
    await practice.put({ bookingId: "b3", patientId: "b3", status: "cancelled" });
    await practice.deliver();
    const tomorrow = new Date(Date.now() + 24 * 3_600_000);
    expect(await clearStale(practice.dependencies, practice.database, tomorrow)).to.equal(2);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
    await write("history");
    const [shown] = await practice.deliver();
    const [, ...lines] = shown ? textOf(shown).split("\n") : [];
    expect(lines.map((line) => /Patient \w+/.exec(line)?.[0])).to.deep.equal(["Patient b2", "Patient 12345"]);
    expect(lines[0]).to.include("not acknowledged");
  });

  it("opens patients by its own links", async () => {
    await acknowledged();
    await write("history");
    const [shown] = (await practice.deliver()) as [Sent];
    expect(String(shown.content.formatted_body)).to.match(
      /<li>.*<a href="https:\/\/whisper\.practice\.test\/open\/patient\/[\w-]{32}">Patient 12345<\/a>/,
    );
  });
});

describe("every hour", () => {
  it("clears notices that are too old, and keeps the others", async () => {
    const practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
    await practice.put({});
    await practice.put({ bookingId: "b2", patientId: "2" });
    await practice.database.query(
      "UPDATE arrivals SET told_at = now() - interval '1 day' WHERE patient_id = '2'",
    );
    await practice.database.query(
      "UPDATE arrival_notices SET told_at = now() - interval '1 day' FROM arrivals WHERE id = arrival_id AND patient_id = '2'",
    );
    expect(await clearStale(practice.dependencies, practice.database, new Date())).to.equal(1);
    expect(
      (await practice.arrivals()).map(({ patient_id, state, ended_by }) => [patient_id, state, ended_by]),
    ).to.have.deep.members([
      ["12345", "waiting", null],
      ["2", "retracted", "stale"],
    ]);
    // The booking is still arrived, and announces nothing when it changes the next morning.
    await practice.put({ bookingId: "b2", patientId: "2", location: "North" });
    expect(await practice.arrivals()).to.have.length(2);
    expect(await practice.sent(ROOM)).to.have.length(10);
    await practice.close();
  });
});
