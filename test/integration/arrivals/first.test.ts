import { expect } from "chai";
import { openPractice, type Practice, progressOf, textOf } from "../../support/practice/arrivals.ts";

describe("a first arrival", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  it("puts one notice with its reactions in the doctor's room", async () => {
    const { applied, arrival } = await practice.put({});
    expect(applied).to.equal(true);
    expect(progressOf(arrival)).to.deep.equal({ "dr.jones": "waiting" });
    const sends = await practice.sent("arrivals:dr.jones");
    expect(sends.map(textOf)).to.deep.equal([
      "A.J. has arrived · 10:30 appointment · Main St · Patient 12345 · marked by Mia Chen",
      ...["✅", "↩️", "⏳", "🚪"],
    ]);
    for (const tick of sends.slice(1)) expect(tick.target_ref).to.equal(sends[0]?.ref);
  });

  it("is removed by the doctor's ✅, and the record says who and when", async () => {
    await practice.put({});
    const [notice] = await practice.deliver();
    const clicked = await practice.react("dr.jones", notice?.event_id, "✅");
    const redactions = await practice.deliver();
    expect(redactions.map(({ type, target_ref }) => [type, target_ref])).to.deep.equal([
      ["m.room.redaction", notice?.ref],
    ]);
    const [row] = await practice.notices();
    expect(row).to.include({ username: "dr.jones", state: "acknowledged", shown: false });
    expect(row?.answered_at).to.deep.equal(new Date(clicked.origin_server_ts));
  });
});
