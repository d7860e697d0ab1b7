import { expect } from "chai";
import { openPatientLink } from "../../../src/patients/patient-links.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

const BOOKING = {
  status: "arrived",
  patient_id: "0012",
  doctor: "dr.jones",
  appointment_at: "2026-03-02T10:30:00+11:00",
  changed_by: "mia",
  changed_at: "2026-03-02T10:24:10+11:00",
};

describe("a patient's record that HealthTrack says was merged", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi({ now: new Date("2026-03-02T10:30:00+11:00") });
    await api.call("PUT", "/api/v1/directory", {
      users: [
        { username: "dr.jones", name: "Dr Jones", doctor: true },
        { username: "mia", name: "Mia Chen" },
      ],
      security_groups: [],
    });
  });
  afterEach(() => api.close());

  const put = (id: string, changes: object = {}) =>
    api.call("PUT", `/api/v1/bookings/${id}`, { ...BOOKING, ...changes });
  const merge = (old: string, into: string) => api.call("POST", `/api/v1/patients/${old}/merged`, { into });
  const arrivals = async () => {
    const { body } = await api.call("GET", "/api/v1/arrivals");
    return (body.arrivals as { patient_id: string; ended: string | null }[]).map(({ patient_id, ended }) => [
      patient_id,
      ended === null ? "here" : "gone",
    ]);
  };
  /** What the links in everything that was sent open. */
  const opened = async () => {
    const sent = await api.database.query<{ content: string }>(
      "SELECT content::text FROM outbox ORDER BY seq",
    );
    const tokens = sent.rows.flatMap(({ content }) => [...content.matchAll(/open\/patient\/([\w-]{32})/g)]);
    return Promise.all(tokens.map(async ([, token]) => openPatientLink(api.database, token ?? "")));
  };

  it("takes its arrivals, those that have ended too, its links and who has it open to the other", async () => {
    await put("b1", { status: "arrived" });
    await put("b1", { status: "closed", changed_at: "2026-03-02T10:26:00+11:00" });
    await put("b2");
    await put("b3", { patient_id: "5", changed_at: "2026-03-02T10:25:10+11:00" });
    await api.call("PUT", "/api/v1/users/mia/current-patient", { patient_id: "0012" });
    expect((await merge("0012", "77")).status).to.equal(204);
    const all = await arrivals();
    expect(all.filter(([patient]) => patient === "0012")).to.deep.equal([]);
    expect(all.filter(([, is]) => is === "here").map(([patient]) => patient)).to.have.members(["77", "5"]);
    const links = await opened();
    expect(links).to.deep.include.members([{ patientId: "77" }, { patientId: "5" }]);
    expect(links).to.not.deep.include({ patientId: "0012" });
    const { rows } = await api.database.query("SELECT patient_id FROM current_patients");
    expect(rows).to.deep.equal([{ patient_id: "77" }]);
    const known = await api.database.query("SELECT DISTINCT patient_id FROM bookings ORDER BY 1");
    expect(known.rows).to.deep.equal([{ patient_id: "5" }, { patient_id: "77" }]);
  });

  it("changes nothing the second time, or if nobody knows it", async () => {
    await put("b2");
    await merge("0012", "77");
    const sent = async () => (await api.database.query("SELECT ref FROM outbox ORDER BY seq")).rows;
    const before = await sent();
    expect((await merge("0012", "77")).status).to.equal(204);
    expect((await merge("9", "10")).status).to.equal(204);
    expect(await sent()).to.deep.equal(before);
  });

  it("joins the arrival of the other, if both are here", async () => {
    await put("b2");
    await put("b3", { patient_id: "77", appointment_at: "2026-03-02T10:35:00+11:00" });
    await merge("0012", "77");
    expect((await arrivals()).filter(([, is]) => is === "here")).to.deep.equal([["77", "here"]]);
  });

  it("waits for a change of one of its bookings, and never meets it halfway", async () => {
    const ids = ["b1", "b2", "b3", "b4"];
    for (const [at, booking] of ids.entries())
      await put(booking, { appointment_at: `2026-03-02T1${at}:30:00+11:00` });
    const answers = await Promise.all([
      merge("0012", "77"),
      ...ids
        .toReversed()
        .map((booking) => put(booking, { status: "closed", changed_at: "2026-03-02T10:29:00+11:00" })),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal([204, 200, 200, 200, 200]);
  });

  it("must be another's, and needs the scope", async () => {
    expect((await merge("0012", "0012")).status).to.equal(400);
    const key = await api.newKey(["users:read"]);
    const refused = await api.call(
      "POST",
      "/api/v1/patients/1/merged",
      { into: "2" },
      { authorization: `Bearer ${key}` },
    );
    expect(refused.status).to.equal(403);
  });
});
