import { expect } from "chai";
import { minutes, openPractice, type Practice, textOf } from "../../support/practice/arrivals.ts";

describe("bookings that come at the same moment", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("dr.smith", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  it("count once, even if twenty come at the same moment", async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => practice.put({ changedAt: minutes(30) })));
    expect(all.filter(({ applied }) => applied)).to.have.length(1);
    expect(await practice.arrivals()).to.have.length(1);
    expect(await practice.messages("arrivals:dr.jones")).to.have.length(1);
  });

  it("make one notice with both times if two bookings of a patient arrive at the same moment", async () => {
    await Promise.all([
      practice.put({}),
      practice.put({ bookingId: "b2", appointmentAt: minutes(105) }),
      practice.put({ bookingId: "b3", appointmentAt: minutes(120) }),
    ]);
    expect(await practice.arrivals()).to.have.length(1);
    const all = (await practice.messages("arrivals:dr.jones")).map(textOf);
    expect(all.filter((text) => !text.startsWith("*"))).to.have.length(1);
    expect(all.at(-1)).to.equal(
      "* A.J. has arrived · 10:30, 10:45 and 11:00 appointments · Main St · Patient 12345 · marked by Mia Chen",
    );
  });

  it("keep patients separate who come to one doctor at the same moment", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `p${index}`);
    await Promise.all(ids.map((id) => practice.put({ bookingId: id, patientId: id, patientName: null })));
    expect(await practice.arrivals()).to.have.length(20);
    expect(await practice.messages("arrivals:dr.jones")).to.have.length(20);
  });
});
