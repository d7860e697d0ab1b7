import { expect } from "chai";
import { stateOf } from "../../../src/arrivals/rules/arrival.ts";
import { minutes, openPractice, type Practice, progressOf } from "../../support/practice/arrivals.ts";

const HOURS = 60;

/** It is nine in the morning. */
describe("arrivals that HealthTrack sends for the first time, or again after a restore", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice({ escalation: [{ after: 60_000 }] });
    await practice.user("dr.jones", { doctor: true });
    await practice.user("nurse", { alerts: "all" });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  const old = { changedAt: minutes(-13 * HOURS), appointmentAt: minutes(-13 * HOURS) };

  it("are recorded as over, and announced to no one, if they are from an earlier day", async () => {
    const { applied, arrival } = await practice.put(old);
    expect(applied).to.equal(true);
    expect(arrival && [stateOf(arrival), arrival.ended?.by, arrival.notices]).to.deep.equal([
      "retracted",
      "stale",
      [],
    ]);
    expect(await practice.sent()).to.deep.equal([]);
    const clocks = await practice.database.query(
      "SELECT FROM graphile_worker.jobs WHERE task_identifier = 'arrival_escalation'",
    );
    expect(clocks.rowCount).to.equal(0);
    const [row] = await practice.arrivals();
    expect(row).to.include({ state: "retracted", ended_by: "stale", arrived_at: row?.arrived_at });
  });

  it("report nothing about a doctor who cannot be told, or about no one", async () => {
    await practice.put({ ...old, doctor: "dr.who" as never });
    await practice.put({ ...old, bookingId: "b2", doctor: null, location: "North" });
    expect(await practice.sent()).to.deep.equal([]);
  });

  it("stay over if the booking continues, is corrected or is sent again", async () => {
    await practice.put(old);
    const later = minutes(-12 * HOURS - 30);
    await practice.put({ ...old, changedAt: later });
    await practice.put({ ...old, changedAt: later, location: "North" });
    await practice.put({ ...old, changedAt: minutes(1), location: "North", status: "closed" });
    expect(await practice.sent()).to.deep.equal([]);
    expect(await practice.arrivals()).to.have.length(1);
  });

  it("are announced if someone marks them again now", async () => {
    await practice.put(old);
    const { arrival } = await practice.put({ changedAt: minutes(1), appointmentAt: old.appointmentAt });
    expect(progressOf(arrival)).to.deep.equal({ "dr.jones": "waiting", nurse: "waiting" });
  });

  it("keep a patient in the waiting room who was there before midnight", async () => {
    // The notice was sent in the evening.
    const evening = await practice.put({ bookingId: "b1" });
    expect(progressOf(evening.arrival)["dr.jones"]).to.equal("waiting");
    const { arrival } = await practice.put({ bookingId: "b2", changedAt: old.changedAt });
    expect(arrival?.slots.map(({ bookingId }) => bookingId).toSorted()).to.deep.equal(["b1", "b2"]);
    const moved = await practice.put({ bookingId: "b1", doctor: "nurse" as never, changedAt: minutes(2) });
    expect(progressOf(moved.arrival).nurse).to.equal("waiting");
  });
});
