import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

describe("the other ids of a booking's doctor", function () {
  this.timeout(30_000);
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
  });
  afterEach(() => api.close());

  const NAIR = {
    username: "dr.nair",
    name: "Dr Nair",
    doctor: true,
    doctor_ids: [" MO-12 ", "", "2345678A"],
  };
  const OKAFOR = { username: "dr.okafor", name: "Dr Okafor", doctor: true };
  const put = (...users: object[]) => api.call("PUT", "/api/v1/directory", { users, security_groups: [] });
  let bookings = 0;
  const doctorOf = async (doctor: string) => {
    bookings += 1;
    const at = new Date().toISOString();
    const sent = {
      status: "arrived",
      patient_id: `p${bookings}`,
      doctor,
      appointment_at: at,
      changed_by: "mia",
      changed_at: at,
    };
    const { body } = await api.call("PUT", `/api/v1/bookings/b${bookings}`, sent);
    return body.arrival.recipients[0];
  };

  it("find the doctor, are shown, and are kept until others are sent", async () => {
    expect((await put(NAIR, OKAFOR)).body.problems).to.deep.equal([]);
    expect((await api.call("GET", "/api/v1/users/dr.nair")).body.doctor_ids).to.deep.equal([
      "MO-12",
      "2345678A",
    ]);
    for (const id of ["MO-12", "mo-12 ", "2345678a", "DR.NAIR"])
      expect(await doctorOf(id)).to.include({ username: "dr.nair" });
    expect(await doctorOf("MO-13")).to.include({ username: "MO-13", reason: "no-account" });
    const found = await api.call("GET", "/api/v1/arrivals?doctor=mo-12");
    expect(found.body.arrivals).to.have.length(4);
    expect((await put(NAIR, OKAFOR)).body.users).to.include({ unchanged: 2 });
    expect((await put({ ...NAIR, doctor_ids: null }, OKAFOR)).body.users).to.include({ updated: 1 });
    expect(await doctorOf("MO-12")).to.include({ username: "MO-12" });
  });

  it("belong to no one while two users have one, and the answer says so", async () => {
    const { body } = await put(NAIR, { ...OKAFOR, doctor_ids: ["mo-12", "MO-13"] });
    expect(body.problems.map(({ path, kept }: Record<string, string>) => [path, kept])).to.deep.equal([
      ["users[0].doctor_ids[0]", "left out"],
      ["users[1].doctor_ids[0]", "left out"],
    ]);
    expect(await doctorOf("MO-12")).to.include({ username: "MO-12" });
    expect(await doctorOf("MO-13")).to.include({ username: "dr.okafor" });
  });

  it("go to the successor of someone who left", async () => {
    const left = { ...NAIR, active: false };
    expect((await put(left, { ...OKAFOR, doctor_ids: ["MO-12"] })).body.problems).to.deep.equal([]);
    expect(await doctorOf("MO-12")).to.include({ username: "dr.okafor" });
  });

  it("rank below another user's username, and the answer says so", async () => {
    const { body } = await put(NAIR, { ...OKAFOR, doctor_ids: ["DR.NAIR", "dr.okafor"] });
    expect(body.problems.map(({ path }: { path: string }) => path)).to.deep.equal(["users[1].doctor_ids[0]"]);
    expect(await doctorOf("dr.nair")).to.include({ username: "dr.nair" });
  });

  it("that are claimed twice are also reported for a single user", async () => {
    await put(NAIR, OKAFOR);
    const { status, body } = await api.call("PUT", "/api/v1/users/dr.okafor", {
      name: "Dr Okafor",
      doctor_ids: ["MO-9", "MO-12"],
    });
    expect(status).to.equal(200);
    expect(body.doctor_ids).to.deep.equal(["MO-9", "MO-12"]);
    expect(body.problems.map(({ path }: { path: string }) => path)).to.deep.equal(["doctor_ids[1]"]);
    const alone = await api.call("PUT", "/api/v1/users/dr.okafor", {
      name: "Dr Okafor",
      doctor_ids: ["MO-9"],
    });
    expect(alone.body).not.to.have.property("problems");
  });
});
