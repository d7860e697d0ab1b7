import { expect } from "chai";
import { cancelBooking } from "../../../src/arrivals/change-booking.ts";
import { boardOf } from "../../../src/arrivals/notices/board.ts";
import { waitingArrivals } from "../../../src/arrivals/record/list.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { openPractice, type Practice, progressOf } from "../../support/practice/arrivals.ts";

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString();

describe("a booking that is deleted over HTTP", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
    await api.call("PUT", "/api/v1/directory", {
      users: [
        { username: "dr.jones", name: "Dr Jones", doctor: true },
        { username: "mia", name: "Mia Chen" },
      ],
      security_groups: [],
    });
  });
  afterEach(() => api.close());

  const put = (id: string, changed_at: string, changes: Record<string, unknown> = {}) =>
    api.call("PUT", `/api/v1/bookings/${id}`, {
      status: "arrived",
      patient_id: "12345",
      patient_name: "Alice Quokka",
      doctor: "dr.jones",
      appointment_at: ago(0),
      changed_by: "mia",
      changed_at,
      ...changes,
    });
  const remove = async (id: string) => {
    const { status, body } = await api.call("DELETE", `/api/v1/bookings/${id}`);
    expect(status).to.equal(200);
    return body;
  };
  const board = async () => {
    const empty = { users: new Map(), securityGroups: new Map(), customGroups: new Map() };
    const settings = { show: "initials", zone: { timezone: "Australia/Sydney" } } as const;
    return boardOf(await waitingArrivals(api.database, 500), empty, settings, new Date());
  };

  it("is cancelled, so the notice goes, the board is empty, and the record says so", async () => {
    const { body } = await put("b1", ago(60));
    expect(await board()).to.include("A.Q.");
    expect(await remove("b1")).to.deep.equal({
      applied: true,
      arrival: {
        id: body.arrival.id,
        state: "retracted",
        recipients: [{ username: "dr.jones", state: "retracted", reason: "cancelled" }],
      },
    });
    expect(await board()).to.equal("Nobody is waiting.");
    const [listed] = (await api.call("GET", "/api/v1/arrivals")).body.arrivals;
    expect(listed.ended.reason).to.equal("cancelled");
  });

  it("changes nothing if it is unknown or already cancelled", async () => {
    expect(await remove("b1")).to.deep.equal({ applied: false });
    await put("b1", ago(60));
    await put("b1", ago(50), { status: "cancelled" });
    const again = await remove("b1");
    expect([again.applied, again.arrival.state]).to.deep.equal([false, "retracted"]);
    await put("b2", ago(60));
    await remove("b2");
    expect((await remove("b2")).applied).to.equal(false);
  });

  it("does not come back with an earlier change, even from a clock that is ahead, but with a later one", async () => {
    for (const [id, changed] of [
      ["b1", ago(60)],
      ["b2", ago(-200)],
    ] as const) {
      await put(id, changed);
      await remove(id);
      expect((await put(id, changed)).body.applied, id).to.equal(false);
    }
    expect(await board()).to.equal("Nobody is waiting.");
    const made = await put("b1", ago(-1));
    expect([made.body.applied, made.body.arrival.state]).to.deep.equal([true, "waiting"]);
    expect(await board()).to.include("A.Q.");
  });

  it("keeps the other of two in a row", async () => {
    await put("b1", ago(60));
    await put("b2", ago(59));
    const { arrival } = await remove("b1");
    expect(arrival.state).to.equal("waiting");
    const [listed] = (await api.call("GET", "/api/v1/arrivals")).body.arrivals;
    expect(listed.bookings.map((one: { booking_id: string }) => one.booking_id)).to.deep.equal(["b2"]);
  });

  it("requires the scope", async () => {
    const key = await api.newKey(["users:read"]);
    const { status } = await api.call("DELETE", "/api/v1/bookings/b1", undefined, {
      authorization: `Bearer ${key}`,
    });
    expect(status).to.equal(403);
  });
});

describe("a booking that is deleted", () => {
  let practice: Practice;
  beforeEach(async () => {
    practice = await openPractice();
    await practice.user("dr.jones", { doctor: true });
    await practice.user("mia.chen");
  });
  afterEach(() => practice.close());

  const remove = (id: string) =>
    practice.database.transaction((tx) => cancelBooking(tx, practice.dependencies, id));

  it("has its notice redacted if that is being sent", async () => {
    await practice.put({});
    await practice.attempt();
    const { arrival } = await remove("b1");
    expect(progressOf(arrival)).to.deep.equal({ "dr.jones": "retracted" });
    const [notice, ...rest] = await practice.messages("arrivals:dr.jones");
    expect(rest.map(({ type, target_ref }) => [type, target_ref])).to.deep.equal([
      ["m.room.redaction", notice?.ref],
    ]);
  });

  it("is cancelled once if two delete it at the same moment", async () => {
    await practice.put({});
    const both = await Promise.all([remove("b1"), remove("b1")]);
    expect(both.map(({ applied }) => applied).toSorted()).to.deep.equal([false, true]);
  });

  it("keeps the acknowledgement after ✅", async () => {
    await practice.put({});
    const [notice] = await practice.deliver();
    await practice.react("dr.jones", notice?.event_id, "✅");
    expect(progressOf((await remove("b1")).arrival)).to.deep.equal({ "dr.jones": "acknowledged" });
  });
});
