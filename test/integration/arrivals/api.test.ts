import { expect } from "chai";
import { Registry } from "prom-client";
import { arrivalMetrics } from "../../../src/arrivals/record/metrics.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { openLink } from "../../support/http/open-link.ts";

const BOOKING = {
  status: "arrived",
  patient_id: "12345",
  patient_name: "Alice Quokka",
  doctor: "dr.jones",
  location: "Main St",
  appointment_at: "2026-03-02T10:30:00+11:00",
  changed_by: "mia",
  changed_at: "2026-03-02T10:24:10+11:00",
};

describe("bookings over HTTP", () => {
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

  const put = (id: string, changes: Record<string, unknown> = {}) =>
    api.call("PUT", `/api/v1/bookings/${id}`, { ...BOOKING, ...changes });
  const list = async (query = "") => (await api.call("GET", `/api/v1/arrivals${query}`)).body;

  it("answers with the arrival and how far each recipient is", async () => {
    const { status, body } = await put("b1");
    expect(status).to.equal(200);
    expect(body).to.deep.equal({
      applied: true,
      arrival: {
        id: body.arrival.id,
        state: "waiting",
        recipients: [{ username: "dr.jones", state: "waiting" }],
      },
    });
  });

  it("answers without an arrival for a booking without one", async () => {
    expect((await put("b1", { status: "confirmed" })).body).to.deep.equal({ applied: true });
  });

  it("answers that an older change was not applied", async () => {
    await put("b1");
    const { body } = await put("b1", { status: "cancelled", changed_at: "2026-03-02T10:24:09+11:00" });
    expect(body).to.include({ applied: false });
    expect(body.arrival.state).to.equal("waiting");
  });

  it("says why a recipient was not told", async () => {
    const { body } = await put("b1", { doctor: "dr.who" });
    expect(body.arrival).to.deep.include({
      state: "undeliverable",
      recipients: [{ username: "dr.who", state: "undeliverable", reason: "no-account" }],
    });
  });

  for (const [what, changes, path] of [
    ["an unknown status", { status: "here" }, "status"],
    ["a field that is not known", { colour: "red" }, "colour"],
    ["a time without offset", { appointment_at: "2026-03-02T10:30:00" }, "appointment_at"],
    ["no patient", { patient_id: "" }, "patient_id"],
    ["a patient with the NUL character", { patient_name: "A\u0000" }, "patient_name"],
    ["a doctor that is no text", { doctor: 7 }, "doctor"],
  ] as const) {
    it(`refuses ${what}, naming the field, and changes nothing`, async () => {
      const { status, body, headers } = await put("b1", changes);
      expect(status).to.equal(400);
      expect(headers.get("content-type")).to.match(/^application\/problem\+json/);
      expect(body.errors.map((error: { path: string }) => error.path)).to.deep.equal([path]);
      expect((await list()).arrivals).to.deep.equal([]);
    });
  }

  it("keeps patients out of the log", async () => {
    await put("b1");
    await put("b1", { patient_name: 7 });
    expect(api.lines.join("")).not.to.match(/Quokka|12345/);
  });

  it("lists arrivals with everything that is on record", async () => {
    await put("b1");
    const { arrivals, next_cursor } = await list();
    expect(next_cursor).to.equal(null);
    expect(arrivals).to.have.length(1);
    const [arrival] = arrivals;
    expect(arrival).to.deep.include({
      state: "waiting",
      doctor: "dr.jones",
      patient_id: "12345",
      marked_by: "mia",
      arrived_at: "2026-03-01T23:24:10.000Z",
      ended: null,
      bookings: [{ booking_id: "b1", appointment_at: "2026-03-01T23:30:00.000Z", location: "Main St" }],
      escalations: [],
    });
    expect(arrival.waited_seconds.since_arrival - arrival.waited_seconds.since_appointment).to.equal(350);
  });

  it("finds them by doctor, state and time, page by page without losing or repeating one", async () => {
    for (let index = 0; index < 7; index += 1) {
      await put(`b${index}`, {
        patient_id: `p${index}`,
        doctor: index === 6 ? "dr.who" : "dr.jones",
        changed_at: `2026-03-02T10:2${index}:00+11:00`,
      });
    }
    await put("b0", { patient_id: "p0", status: "cancelled", changed_at: "2026-03-02T11:00:00+11:00" });
    const ids = (answer: { arrivals: { patient_id: string }[] }) =>
      answer.arrivals.map(({ patient_id }) => patient_id);
    expect(ids(await list("?doctor=DR.who"))).to.deep.equal(["p6"]);
    expect(ids(await list("?state=retracted"))).to.deep.equal(["p0"]);
    expect(ids(await list("?from=2026-03-02T10:22:00%2B11:00&to=2026-03-02T10:24:00%2B11:00"))).to.deep.equal(
      ["p3", "p2"],
    );
    const seen: string[] = [];
    let cursor = "";
    for (let page = 0; page < 4; page += 1) {
      const answer = await list(`?limit=3${cursor}`);
      seen.push(...ids(answer));
      if (answer.next_cursor === null) break;
      cursor = `&cursor=${encodeURIComponent(answer.next_cursor)}`;
    }
    expect(seen).to.deep.equal(["p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
  });

  it("finds them by location, booking and patient, alone or together", async () => {
    await put("b1");
    await put("b2", { appointment_at: "2026-03-02T10:45:00+11:00", location: "Zürich  Annexe" });
    await put("b3", { patient_id: "777", location: "North", changed_at: "2026-03-02T10:25:00+11:00" });
    await put("b4", { patient_id: "778", location: null, changed_at: "2026-03-02T10:26:00+11:00" });
    const found = async (query: string) =>
      (await list(`?${query}`)).arrivals.map(({ bookings }: { bookings: { booking_id: string }[] }) =>
        bookings.map(({ booking_id }) => booking_id).join("+"),
      );
    expect(await found("patient_id=12345")).to.deep.equal(["b1+b2"]);
    expect(await found("booking_id=b2")).to.deep.equal(["b1+b2"]);
    expect(await found("location=%20zÜRICH%20annexe")).to.deep.equal(["b1+b2"]);
    expect(await found("location=NORTH&state=waiting&limit=1")).to.deep.equal(["b3"]);
    expect(await found("location=North&patient_id=12345")).to.deep.equal([]);
    for (const none of ["patient_id=1234", "booking_id=B1", "location=Nort", "location=%25"])
      expect(await found(none), none).to.deep.equal([]);
    expect(await found("location=&booking_id=%20&patient_id=")).to.deep.equal(["b4", "b3", "b1+b2"]);
    // An arrival that the booking has left keeps its own bookings.
    await put("b2", { patient_id: "777", location: "North", changed_at: "2026-03-02T10:27:00+11:00" });
    expect(await found("booking_id=b2")).to.deep.equal(["b2+b3"]);
    expect(await found("location=zürich%20annexe")).to.deep.equal([]);
  });

  it("finds the next page for one location", async () => {
    for (let index = 0; index < 3; index += 1) {
      const place = { location: "North", changed_at: `2026-03-02T10:2${index}:00+11:00` };
      await put(`n${index}`, { patient_id: `n${index}`, ...place });
      await put(`m${index}`, { patient_id: `m${index}`, changed_at: place.changed_at });
    }
    const first = await list("?location=North&limit=2");
    const second = await list(`?location=North&limit=2&cursor=${encodeURIComponent(first.next_cursor)}`);
    const ids = [first, second].flatMap(({ arrivals }) =>
      arrivals.map(({ patient_id }: { patient_id: string }) => patient_id),
    );
    expect([ids, second.next_cursor]).to.deep.equal([["n2", "n1", "n0"], null]);
  });

  it("refuses an invalid cursor", async () => {
    expect((await api.call("GET", "/api/v1/arrivals?cursor=zzz")).status).to.equal(400);
  });

  it("requires the scope", async () => {
    const key = await api.newKey(["users:read"]);
    expect(
      (await api.call("PUT", "/api/v1/bookings/b1", BOOKING, { authorization: `Bearer ${key}` })).status,
    ).to.equal(403);
  });

  it("opens a patient by a link that reveals nothing about them", async () => {
    await put("b1");
    const sent = await api.database.query<{ url: string }>(
      "SELECT substring(content->>'formatted_body' from 'href=\"([^\"]+)\"') AS url FROM outbox WHERE type = 'm.room.message'",
    );
    const path = new URL(String(sent.rows[0]?.url)).pathname;
    expect(path).not.to.include("12345");
    const follow = () => openLink(api.url + path);
    const answer = await follow();
    expect([answer.status, answer.location]).to.deep.equal([
      302,
      "https://healthtrack.example/patients/12345",
    ]);
    await api.database.query("UPDATE patient_links SET expires_at = now()");
    expect((await follow()).status).to.equal(410);
    expect((await openLink(`${api.url}/open/patient/guess`)).status).to.equal(404);
  });

  it("counts notices by state, and arrivals about which no one could be told", async () => {
    await put("b1");
    await put("b2", { patient_id: "2", doctor: "dr.who", changed_by: "kiosk" });
    const registry = new Registry();
    const { onAcknowledged } = arrivalMetrics(registry, api.database);
    onAcknowledged(42);
    const text = await registry.metrics();
    expect(text).to.include('whisper_arrival_notices{state="waiting"} 1');
    expect(text).to.include('whisper_arrival_notices{state="undeliverable"} 1');
    expect(text).to.include('whisper_arrival_notices{state="acknowledged"} 0');
    expect(text).to.include('whisper_arrivals_waiting{told="nobody"} 1');
    expect(text).to.include('whisper_arrival_acknowledgement_seconds_bucket{le="60"} 1');
    expect(text).not.to.match(/Quokka|12345|dr\.jones/);
  });
});
