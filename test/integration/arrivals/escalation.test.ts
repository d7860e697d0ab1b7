import { expect } from "chai";
import { arrivalTasks } from "../../../src/arrivals/tasks.ts";
import type { JobPayloads } from "../../../src/store/jobs.ts";
import { name, openPractice, type Practice, progressOf, textOf } from "../../support/practice/arrivals.ts";

type Due = JobPayloads["arrival_escalation"];

describe("nobody answers", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice({
      escalation: [
        { after: 300_000, backup: "dr.smith", reception: "Reception" },
        { location: "North", after: 60_000 },
      ],
    });
    await practice.user("dr.jones", { doctor: true });
    await practice.user("dr.smith", { doctor: true, alerts: "off" });
    await practice.user("mia.chen");
    await practice.user("rita");
    await practice.group("7", "Reception", ["rita"]);
    await practice.user("dr.jones", { doctor: true });
  });
  afterEach(() => practice.close());

  /** The next queued step: `after` in seconds from the clock's start, `wait` in seconds from now. */
  async function due(): Promise<{ after: number; wait: number; payload: Due }[]> {
    const { rows } = await practice.database.query<{ run_at: Date; payload: Due }>(
      `SELECT run_at, payload FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id
       WHERE t.identifier = 'arrival_escalation'`,
    );
    return rows.map(({ run_at, payload }) => ({
      after: (run_at.getTime() - Date.parse(payload.clock_at)) / 1_000,
      wait: Math.round((run_at.getTime() - Date.now()) / 1_000),
      payload,
    }));
  }

  const task = () =>
    arrivalTasks(practice.dependencies, practice.database, { pin: async () => undefined }).arrival_escalation;

  /** Runs the queued step as if it were due. */
  async function next(): Promise<string[]> {
    const [step] = await due();
    if (step === undefined) throw new Error("no step is queued");
    await practice.database.query("DELETE FROM graphile_worker._private_jobs WHERE payload->>'step' = $1", [
      String(step.payload.step),
    ]);
    await task()(step.payload);
    const sent = (await practice.deliver()).filter(({ type }) => type !== "m.reaction");
    return sent.map((each) => `${each.conversation}: ${textOf(each)}`);
  }

  it("reminds the doctor, then asks the backup, then reception, and finally tells whoever marked the arrival", async () => {
    await practice.put({});
    await practice.deliver();
    expect((await due()).map(({ after }) => after)).to.deep.equal([300]);
    const steps: string[][] = [];
    for (const _ of [1, 2, 3, 4]) {
      const texts = await next();
      steps.push(
        texts.map((text) => text.replaceAll(/\d\d:\d\d/g, "T").replaceAll(/for \d+ minutes?/g, "for N")),
      );
    }
    const line = "A.J. has arrived · T appointment · Main St · Patient 12345";
    const jones = `arrivals:dr.jones: * ${line} · marked by Mia Chen`;
    const asRead = `${line} · for Dr Jones · marked by Mia Chen`;
    const first = " · asked again at T";
    const second = `${first} · Dr Smith told at T`;
    const third = `${second} · Reception told at T`;
    const last = `${third} · nobody had answered by T`;
    expect(steps.map((texts) => texts.toSorted())).to.deep.equal([
      [jones + first, "arrivals:dr.jones: A.J. has been waiting for N. Press ✅ or reply."],
      [jones + second, `arrivals:dr.smith: ${asRead}${second}`],
      [jones + third, `arrivals:dr.smith: * ${asRead}${third}`, `arrivals:rita: ${asRead}${third}`],
      [
        jones + last,
        `arrivals:dr.smith: * ${asRead}${last}`,
        `arrivals:rita: * ${asRead}${last}`,
        "control:mia.chen: A.J. (Patient 12345) has arrived for Dr Jones, and nobody has answered. Please look after them yourself.",
      ],
    ]);
    expect(await due()).to.deep.equal([]);
    expect((await practice.arrivals())[0]).to.include({ state: "escalated" });
    const record = await practice.database.query<{ kind: string; label: string | null }>(
      "SELECT kind, label FROM arrival_escalations ORDER BY step",
    );
    expect(record.rows.map(({ kind, label }) => [kind, label])).to.deep.equal([
      ["nudge", null],
      ["backup", "Dr Smith"],
      ["reception", "Reception"],
      ["nobody", null],
    ]);
  });

  it("does each step once, however often its job runs", async () => {
    await practice.put({});
    await practice.deliver();
    const [step] = await due();
    if (step === undefined) throw new Error("no step is queued");
    await Promise.all([task()(step.payload), task()(step.payload), task()(step.payload)]);
    const texts = (await practice.deliver()).map(textOf);
    expect(texts.filter((text) => text.includes("has been waiting"))).to.have.length(1);
  });

  it("stops when the doctor acknowledges, and removes reminders with the notice", async () => {
    const { arrival } = await practice.put({});
    await practice.deliver();
    await next();
    const notice = await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`);
    await practice.react("dr.jones", notice, "✅");
    const redacted = (await practice.deliver()).map(({ target_ref }) =>
      target_ref?.split(":").slice(4).join(":"),
    );
    expect(redacted).to.deep.equal(["notice", "edit:1", "nudge:1"]);
    expect(await next()).to.deep.equal([]);
    expect((await practice.arrivals())[0]).to.include({ state: "acknowledged" });
  });

  it("is also acknowledged by ✅ on the reminder", async () => {
    const { arrival } = await practice.put({});
    await practice.deliver();
    await next();
    await practice.react(
      "dr.jones",
      await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:nudge:1`),
      "✅",
    );
    expect((await practice.arrivals())[0]).to.include({ state: "acknowledged" });
  });

  it("is settled by someone who was called in, and the doctor sees who it was", async () => {
    const { arrival } = await practice.put({});
    await practice.deliver();
    for (const _ of [1, 2, 3]) await next();
    await practice.react("rita", await practice.eventOf(`arrival:${arrival?.id}:1:rita:notice`), "✅");
    const sent = await practice.deliver();
    expect(sent.find(({ conversation }) => conversation === "arrivals:dr.jones")?.content.body).to.match(
      /· answered by Rita$/,
    );
    expect(
      sent.filter(({ conversation }) => conversation === "arrivals:dr.smith").map(({ type }) => type),
    ).to.deep.equal(["m.room.redaction", "m.room.redaction"]);
    expect(await next()).to.deep.equal([]);
  });

  it("restarts with another doctor", async () => {
    await practice.user("dr.new", { doctor: true });
    await practice.put({});
    await next();
    const [before] = await due();
    const moved = await practice.put({ doctor: name("dr.new") });
    const [step, ...others] = await due();
    expect(others).to.deep.equal([]);
    expect(step?.payload.step).to.equal(1);
    // A step that was already running for the previous doctor has no effect.
    if (before) await task()({ ...before.payload, step: 1 });
    expect(progressOf(moved.arrival)).to.deep.equal({ "dr.jones": "retracted", "dr.new": "waiting" });
    expect((await practice.arrivals())[0]).to.include({ state: "waiting" });
  });

  it("is settled by the doctor's reply for people who were called in", async () => {
    const { arrival } = await practice.put({});
    await practice.deliver();
    for (const _ of [1, 2, 3]) await next();
    await practice.react(
      "dr.jones",
      await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`),
      "⏳",
    );
    const sent = (await practice.deliver()).filter(({ conversation }) =>
      conversation.startsWith("arrivals:"),
    );
    expect(new Set(sent.map(({ conversation, type }) => `${conversation} ${type}`))).to.deep.equal(
      new Set(["arrivals:dr.smith m.room.redaction", "arrivals:rita m.room.redaction"]),
    );
    const states = (await practice.notices()).map(({ username, state, reason }) => [username, state, reason]);
    expect(states).to.deep.equal([
      ["dr.jones", "replied", null],
      ["dr.smith", "retracted", "answered"],
      ["rita", "retracted", "answered"],
    ]);
  });

  it("shows watchers that the doctor has answered after all", async () => {
    await practice.user("nurse", { alerts: "all" });
    const { arrival } = await practice.put({});
    await practice.deliver();
    for (const _ of [1, 2]) await next();
    await practice.react(
      "dr.jones",
      await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`),
      "✅",
    );
    const [edit] = (await practice.deliver()).filter(({ conversation }) => conversation === "arrivals:nurse");
    expect(edit && textOf(edit)).to.match(/Dr Smith told at \d\d:\d\d · answered by Dr Jones$/);
  });

  it("postpones a late step once, and then gives the whole time for an answer", async () => {
    await practice.put({});
    await practice.deliver();
    const [first] = await due();
    if (first === undefined) throw new Error("no step is queued");
    const missed = { ...first.payload, due_at: new Date(Date.now() - 3_600_000).toISOString() };
    await task()(missed);
    const [late, ...others] = await due();
    expect([late?.payload.step, late?.payload.put_off, others]).to.deep.equal([1, true, []]);
    expect(late?.wait).to.be.within(55, 60);
    expect(await practice.deliver()).to.deep.equal([]);
    // The doctor did not click in the meantime, so the step is taken now.
    if (late) await task()(late.payload);
    const [second] = await due();
    expect([second?.payload.step, second?.payload.put_off]).to.deep.equal([2, undefined]);
    expect(second?.wait).to.be.within(295, 300);
  });

  it("finds a click from while Whisper was down before it asks again", async () => {
    const { arrival } = await practice.put({});
    await practice.deliver();
    const [first] = await due();
    if (first === undefined) throw new Error("no step is queued");
    await task()({ ...first.payload, due_at: new Date(Date.now() - 3_600_000).toISOString() });
    await practice.react(
      "dr.jones",
      await practice.eventOf(`arrival:${arrival?.id}:1:dr.jones:notice`),
      "✅",
    );
    const [late] = await due();
    if (late) await task()(late.payload);
    expect((await practice.deliver()).map(({ type }) => type)).to.deep.equal(["m.room.redaction"]);
    expect((await practice.arrivals())[0]).to.include({ state: "acknowledged" });
  });

  it("restarts with the rule of the patient's new location, from the steps not yet taken", async () => {
    await practice.put({ location: "North" });
    await practice.deliver();
    await next();
    await practice.put({ location: "South" });
    const [step, ...others] = await due();
    expect([step?.payload.step, others]).to.deep.equal([2, []]);
    expect(step?.wait).to.be.within(295, 300);
    expect((await next()).join()).to.include("Dr Smith told at");
  });

  it("uses the location's own rule", async () => {
    await practice.put({ location: "North" });
    expect((await due()).map(({ after }) => after)).to.deep.equal([60]);
  });
});
