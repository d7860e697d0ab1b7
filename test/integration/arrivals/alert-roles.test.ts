import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

/** The practice lets practice managers follow all arrivals, and nurses those at their locations. */
describe("Patient Arrived Alerts that are limited to roles", () => {
  let api: TestApi;
  let bookings = 0;
  beforeEach(async () => {
    api = await startTestApi({ alertRoles: { all: ["Practice Manager"], location: ["Nurse", "Midwife"] } });
    await hire("zara", { role: " practice  manager" });
    await hire("nia", { role: "NURSE", locations: ["North"] });
    await hire("rob", { role: "Receptionist" });
    await hire("dr.jones", { doctor: true });
  });
  afterEach(() => api.close());

  const hire = async (username: string, user: Record<string, unknown> = {}) => {
    const { status } = await api.call("PUT", `/api/v1/users/${username}`, {
      username,
      name: username,
      ...user,
    });
    expect(status).to.be.oneOf([200, 201]);
  };
  const choose = (username: string, alerts: string | null) =>
    api.call("PATCH", `/api/v1/users/${username}/preferences`, { patient_arrived_alerts: alerts });
  const chosen = async (username: string): Promise<string> =>
    (await api.call("GET", `/api/v1/users/${username}/preferences`)).body.patient_arrived_alerts;
  /** Who is told of a patient without a doctor, in the north. */
  const told = async (changes: Record<string, unknown> = {}): Promise<string[]> => {
    const now = new Date().toISOString();
    const sent = { status: "arrived", patient_id: `p${++bookings}`, location: "North", ...changes };
    const { body } = await api.call("PUT", `/api/v1/bookings/b${bookings}`, {
      ...sent,
      appointment_at: now,
      changed_at: now,
    });
    return body.arrival.recipients.map(({ username }: { username: string }) => username).sort();
  };

  it("can be chosen by people with the role, however it is spelled", async () => {
    expect((await choose("zara", "all")).body.patient_arrived_alerts).to.equal("all");
    expect((await choose("nia", "location")).body.patient_arrived_alerts).to.equal("location");
    expect(await told()).to.deep.equal(["nia", "zara"]);
  });

  for (const [username, alerts, roles] of [
    ["rob", "all", "Practice Manager"],
    ["rob", "location", "Nurse, Midwife"],
    ["nia", "all", "Practice Manager"],
    ["dr.jones", "location", "Nurse, Midwife"],
  ] as const) {
    it(`are refused with a sentence to ${username}: ${alerts}`, async () => {
      const { status, body } = await choose(username, alerts);
      expect([status, body.detail]).to.deep.equal([
        403,
        `Only these roles may choose "${alerts}" for Patient Arrived Alerts: ${roles}. Choose another, or ask your practice's administrator.`,
      ]);
      expect(await told({ doctor: "dr.jones" })).to.deep.equal(["dr.jones"]);
      for (const free of ["own", "off", null]) expect((await choose(username, free)).status).to.equal(200);
    });
  }

  it("end for someone who loses the role, and come back with it", async () => {
    await choose("zara", "all");
    await hire("zara", { role: "Receptionist" });
    expect(await chosen("zara")).to.equal("off");
    expect(await told({ doctor: "dr.jones" })).to.deep.equal(["dr.jones"]);
    await hire("zara", {});
    expect(await told({ doctor: "dr.jones" })).to.deep.equal(["dr.jones"]);
    await hire("zara", { role: "Practice Manager" });
    expect(await chosen("zara")).to.equal("all");
    expect(await told({ doctor: "dr.jones" })).to.deep.equal(["dr.jones", "zara"]);
  });

  it("leave a doctor who loses the role with their own bookings", async () => {
    await hire("dr.may", { doctor: true, role: "Practice Manager" });
    await choose("dr.may", "all");
    expect(await told()).to.deep.equal(["dr.may"]);
    await hire("dr.may", { doctor: true, role: "GP" });
    expect(await chosen("dr.may")).to.equal("own");
    expect(await told({ doctor: "dr.may" })).to.deep.equal(["dr.may"]);
    expect(await told({ doctor: "dr.jones" })).to.deep.equal(["dr.jones"]);
  });

  it("can be for no one", async () => {
    const strict = await startTestApi({ database: api.database, alertRoles: { all: [] } });
    const { body } = await strict.call("PATCH", "/api/v1/users/zara/preferences", {
      patient_arrived_alerts: "all",
    });
    expect(body.detail).to.match(/^Nobody may choose "all"/);
    await strict.close();
  });
});
