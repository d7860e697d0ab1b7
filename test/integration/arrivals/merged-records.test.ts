import { expect } from "chai";
import { patientOpenFor } from "../../../src/patients/current-patient.ts";
import { idsOfPatient, standingPatient } from "../../../src/patients/merged-patients.ts";
import { newPatientLink, openPatientLink, savePatientLinks } from "../../../src/patients/patient-links.ts";
import type { Username } from "../../../src/policy/model.ts";
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
    return Promise.all(
      tokens.map(async ([, token]) => {
        const link = await openPatientLink(api.database, token ?? "");
        return typeof link === "string" ? link : { patientId: link.patientId };
      }),
    );
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
    expect(await patientOpenFor(api.database, "mia" as Username)).to.equal("77");
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

  describe("is remembered", () => {
    const known = async () =>
      (
        await api.database.query<{ booking_id: string; patient_id: string }>(
          "SELECT booking_id, patient_id FROM bookings ORDER BY 1",
        )
      ).rows.map(({ booking_id, patient_id }) => `${booking_id} ${patient_id}`);
    const standing = (...ids: string[]) =>
      Promise.all(ids.map((patient) => standingPatient(api.database, patient)));

    it("for a booking and a current patient that come later with the old id", async () => {
      await put("b2", { patient_id: "77" });
      await merge("0012", "77");
      const { body } = await put("b3", { appointment_at: "2026-03-02T10:35:00+11:00" });
      expect(body.applied).to.equal(true);
      expect(await known()).to.deep.equal(["b2 77", "b3 77"]);
      // One patient, one arrival.
      expect(await arrivals()).to.deep.equal([["77", "here"]]);
      const { body: found } = await api.call("GET", "/api/v1/arrivals?patient_id=0012");
      expect(found.arrivals).to.have.length(1);
      await api.call("PUT", "/api/v1/users/mia/current-patient", { patient_id: "0012" });
      expect(await patientOpenFor(api.database, "mia" as Username)).to.equal("77");
    });

    it("for a link that is made later with the old id", async () => {
      await merge("0012", "77");
      const link = newPatientLink("0012");
      await savePatientLinks(api.database, [link]);
      expect(await openPatientLink(api.database, link.token)).to.deep.equal({
        patientId: "77",
        conversation: null,
      });
    });

    it("along a chain, in whatever order it is told", async () => {
      await put("b1", { patient_id: "a" });
      await merge("b", "c");
      await merge("a", "b");
      expect(await standing("a", "b", "c")).to.deep.equal(["c", "c", "c"]);
      await merge("c", "d");
      await put("b2", { patient_id: "a", appointment_at: "2026-03-02T15:00:00+11:00" });
      expect(await known()).to.deep.equal(["b1 d", "b2 d"]);
      expect(await idsOfPatient(api.database, "b")).to.have.members(["a", "b", "c", "d"]);
    });

    it("until it is merged back: the newest word counts, and a circle ends at the record that is said to remain", async () => {
      await put("b1", { patient_id: "a" });
      await merge("a", "b");
      await merge("b", "a");
      expect(await standing("a", "b")).to.deep.equal(["a", "a"]);
      expect(await known()).to.deep.equal(["b1 a"]);
      await merge("a", "c");
      await merge("c", "b");
      await merge("b", "a");
      expect(await standing("a", "b", "c")).to.deep.equal(["a", "a", "a"]);
      expect(await known()).to.deep.equal(["b1 a"]);
    });

    it("when merges come at once, also with bookings", async () => {
      const ids = Array.from({ length: 8 }, (_, at) => `p${at}`);
      const answers = await Promise.all([
        ...ids.map((old, at) => merge(old, `p${at + 1}`)),
        ...ids.map((patient_id, at) =>
          put(`b${at}`, { patient_id, appointment_at: `2026-03-02T1${at}:30:00+11:00` }),
        ),
        ...ids.map((_, at) => api.call("DELETE", `/api/v1/bookings/b${at}`)),
      ]);
      expect(answers.filter(({ status }) => status >= 500).map(({ text }) => text)).to.deep.equal([]);
      expect([...new Set(await standing(...ids))]).to.deep.equal(["p8"]);
      expect([...new Set((await known()).map((each) => each.split(" ")[1]))]).to.deep.equal(["p8"]);
    });

    it("when both ways are said at once: one of the two remains", async () => {
      await put("b1", { patient_id: "a" });
      await Promise.all([merge("a", "b"), merge("b", "a")]);
      const [one, other] = await standing("a", "b");
      expect(one).to.equal(other);
      expect(await known()).to.deep.equal([`b1 ${one}`]);
    });
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
