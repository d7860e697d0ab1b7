import { expect } from "chai";
import { parseInput } from "../../../src/api/kernel/input.ts";
import { Problem } from "../../../src/api/kernel/problem.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { productRoutes } from "../../support/http/api.ts";

/** What HealthTrack may leave out, and codes as people write them. */

// No connection is made: checking a request needs no database.
const routes = productRoutes(openDatabase({ url: "postgres://127.0.0.1:1/none" }));

function read(place: string, sent: { body?: unknown; query?: Record<string, string> }, id = "7"): object {
  const [method, path] = place.split(" ");
  const route = routes.find((each) => each.method === method && each.path === path);
  if (route === undefined) throw new Error(`no route ${place}`);
  const params = { id, username: "mia", booking_id: "b1" };
  try {
    return parseInput(route, { body: {}, query: {}, ...sent, params: only(route, params) });
  } catch (error) {
    if (error instanceof Problem) throw new Error(JSON.stringify(error.errors));
    throw error;
  }
}

/** The values for the placeholders in the route's address. */
const only = (route: { readonly path: string }, values: object): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => route.path.includes(`{${name}}`)));

const BOOKING = {
  status: "arrived",
  patient_id: "1",
  appointment_at: "2026-03-02T10:30:00+11:00",
  changed_at: "2026-03-02T10:30:00+11:00",
};
const ALERTS = "POST /api/v1/alerts";
const PREFERENCES = "PATCH /api/v1/users/{username}/preferences";
const OPEN = "POST /api/v1/conversations";
const EDIT = "PATCH /api/v1/conversations/{id}";
const AUDIT = "POST /api/v1/audit/rooms";
const USER = "PUT /api/v1/users/{username}";
const GROUP = "PUT /api/v1/security-groups/{id}";

const said = (place: string, body: object) =>
  (read(place, { body }) as { body: Record<string, unknown> }).body;

describe("a field that is null or blank", () => {
  const cases: [place: string, kept: Record<string, unknown>, sent: Record<string, unknown>][] = [
    [ALERTS, { text: "x" }, { severity: null, expires_at: null }],
    [ALERTS, { text: "x" }, { expires_at: " " }],
    [
      PREFERENCES,
      {},
      { open_on_message: null, keep_hidden: null, never_receive: null, open_on_startup: null },
    ],
    [OPEN, { as: "mia", users: ["ben"] }, { security_groups: null, custom_groups: null, name: null }],
    [OPEN, { as: "mia", users: ["ben"] }, { name: " " }],
    [EDIT, { as: "mia" }, { name: null, add: null, remove: null }],
    [EDIT, { as: "mia", add: {} }, { add: { users: null, security_groups: null } }],
    [AUDIT, {}, { room_ids: null, repair: null }],
    [USER, { name: "Mia" }, { username: null, permissions: null, active: null, doctor_ids: null }],
    [USER, { name: "Mia" }, { doctor_ids: ["", " ", null], locations: [null, "\t"] }],
    [GROUP, { name: "Nurses" }, { id: null, permissions: null, members: null }],
  ];
  for (const [place, kept, sent] of cases)
    it(`${place} ${JSON.stringify(sent)}`, () => {
      const both = read(place, { body: { ...kept, ...sent } }) as { body: object };
      const without = read(place, { body: kept }) as { body: object };
      const known = (body: object) => JSON.parse(JSON.stringify(body)) as object;
      expect(known(both.body)).to.deep.equal(known(without.body));
    });

  it("resets Patient Arrived Alerts if it is null, and may empty a group's permissions", () => {
    const { body } = read(PREFERENCES, { body: { patient_arrived_alerts: null } }) as { body: object };
    expect(body).to.have.property("patient_arrived_alerts", null);
    const permissions = (sent: unknown) =>
      (read(GROUP, { body: { name: "Default", permissions: sent } }) as { body: { permissions: unknown } })
        .body.permissions;
    expect(permissions([])).to.deep.equal([]);
    expect(permissions(["accesswhisper ", "", null])).to.deep.equal(["AccessWhisper"]);
    // If these counted as no permissions, people would be signed out.
    for (const blank of [[""], [null], [" ", "\t"]])
      expect(() => permissions(blank)).to.throw("Must name permissions, or be an empty list");
  });
});

describe("a code", () => {
  it("is read in capitals and with spaces around it", () => {
    for (const status of ["Arrived", " ARRIVED\t", "arrived\u200b"])
      expect(said("PUT /api/v1/bookings/{booking_id}", { ...BOOKING, status }).status).to.equal("arrived");
    expect(said(ALERTS, { text: "x", severity: " Critical" }).severity).to.equal("critical");
    expect(said(PREFERENCES, { patient_arrived_alerts: "Own " }).patient_arrived_alerts).to.equal("own");
    const listed = read("GET /api/v1/arrivals", { query: { state: "Waiting " } });
    expect(listed).to.have.nested.property("query.state", "waiting");
  });

  it("is otherwise one of the codes that the sentence lists", () => {
    for (const status of ["arrive", "in session", "", null, 5, ["arrived"]])
      expect(() => said("PUT /api/v1/bookings/{booking_id}", { ...BOOKING, status })).to.throw(
        "Must be one of booked, confirmed, arrived",
      );
  });
});

describe("an address", () => {
  it("is trimmed, whatever it names", () => {
    const found = (place: string, query: Record<string, string>) => read(place, { query });
    expect(found("GET /api/v1/users", { query: " MIA " })).to.have.nested.property("query.query", "MIA");
    expect(found("GET /api/v1/audit/rooms", { id: " 5f0c " })).to.have.nested.property("query.id", "5f0c");
    expect(said(AUDIT, { room_ids: ["!a:practice.example\u00a0"] }).room_ids).to.deep.equal([
      "!a:practice.example",
    ]);
  });

  it("names the same conversation in capitals, and so does a body", () => {
    const { params } = read(EDIT, { body: { as: "mia" } }, " 5F0C2F0E-3F43 ") as { params: object };
    expect(params).to.deep.equal({ id: "5f0c2f0e-3f43" });
    expect(said(OPEN, { as: "mia", custom_groups: ["5F0C2F0E "] }).custom_groups).to.deep.equal(["5f0c2f0e"]);
  });

  it("contains each parameter once, or says so", () => {
    const twice = { limit: ["1", "2"] } as unknown as Record<string, string>;
    expect(() => read("GET /api/v1/users", { query: twice })).to.throw(
      '[{"path":"limit","message":"Must be sent once"}]',
    );
  });

  it("may contain flags in capitals", () => {
    const dryRun = (text: string) =>
      (
        read("PUT /api/v1/directory", {
          body: { users: [], security_groups: [] },
          query: { dry_run: text },
        }) as {
          query: { dry_run: unknown };
        }
      ).query.dry_run;
    expect(["TRUE", " true", "False"].map(dryRun)).to.deep.equal([true, true, false]);
    for (const text of ["1", "yes", ""]) expect(() => dryRun(text)).to.throw("Must be one of true, false");
  });
});
