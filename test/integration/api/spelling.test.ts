import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

/** However a name is spelled, it is one person or one group. */
describe("another spelling", function () {
  this.timeout(30_000);
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi({ now: new Date("2026-03-02T10:30:00+11:00") });
    await api.call("PUT", "/api/v1/directory", {
      users: [
        { username: "anna.jones", name: "Anna Jones", doctor: true },
        { username: "Zoë", name: "Zoë" },
      ],
      security_groups: [{ id: "Nurses", name: "Nurses", members: ["anna.jones"] }],
    });
    api.changes.splice(0);
  });
  afterEach(() => api.close());

  const usernames = async () =>
    (
      await api.database.query<{ username: string }>(
        'SELECT username FROM users ORDER BY username COLLATE "C"',
      )
    ).rows.map((row) => row.username);

  it("of a username is an update: in an import, alone, and in the address", async () => {
    const users = [
      { username: "Anna.Jones", name: "Anna Smith" },
      { username: "ZOE\u0308", name: "Zoë" },
    ];
    const groups = [{ id: "NURSES ", name: "Nurses", members: ["\u00a0ANNA.JONES\t"] }];
    const { body } = await api.call("PUT", "/api/v1/directory", { users, security_groups: groups });
    expect(body.users).to.deep.equal({ created: 0, updated: 1, unchanged: 1, deactivated: 0 });
    expect(body.security_groups).to.deep.equal({ created: 0, updated: 0, unchanged: 1, deleted: 0 });
    expect(body.problems).to.deep.equal([]);
    const alone = await api.call("PUT", "/api/v1/users/%20ANNA.jones", { username: "Anna.JONES", name: "A" });
    expect(alone.body).to.include({ username: "anna.jones", name: "A" });
    expect((await api.call("PUT", "/api/v1/users/zo%C3%8B", { name: "Z" })).body.username).to.equal("Zoë");
    expect(await usernames()).to.deep.equal(["Zoë", "anna.jones"]);
  });

  it("of a username is the same person at every address", async () => {
    const at = "/api/v1/users/Anna.JONES%20";
    expect((await api.call("GET", at)).body.username).to.equal("anna.jones");
    expect((await api.call("PATCH", `${at}/preferences`, { keep_hidden: true })).status).to.equal(200);
    expect((await api.call("GET", "/api/v1/users/anna.jones/preferences")).body.keep_hidden).to.equal(true);
    expect((await api.call("GET", `${at}/preferences`)).body.keep_hidden).to.equal(true);
    expect((await api.call("PUT", `${at}/current-patient`, { patient_id: " 12 " })).status).to.equal(204);
    const { rows } = await api.database.query("SELECT username, patient_id FROM current_patients");
    expect(rows).to.deep.equal([{ username: "anna.jones", patient_id: "12" }]);
    expect((await api.call("DELETE", `${at}/current-patient`)).status).to.equal(204);
    expect((await api.call("DELETE", at)).status).to.equal(204);
    expect((await api.call("GET", "/api/v1/users/anna.jones")).body.active).to.equal(false);
  });

  it("of a group's id is the same group, also when sent alone", async () => {
    const put = await api.call("PUT", "/api/v1/security-groups/nurses", { name: "Nurses", members: ["ZOË"] });
    expect(put.body).to.include({ id: "Nurses" });
    expect(put.body.members).to.deep.equal(["Zoë"]);
    const kept = await api.call("PUT", "/api/v1/security-groups/NURSES", { id: "nurses", name: "Sisters" });
    expect(kept.body.members).to.deep.equal(["Zoë"]);
    expect((await api.call("DELETE", "/api/v1/security-groups/nuRSes")).status).to.equal(204);
    const { rows } = await api.database.query("SELECT id FROM security_groups");
    expect(rows).to.deep.equal([{ id: "Default" }]);
  });

  for (const [id, name] of [
    ["default", "default"],
    ["DEFAULT", "Everybody"],
  ]) {
    it(`${id} is Default`, async () => {
      const put = await api.call("PUT", `/api/v1/security-groups/${id}`, { name, members: ["anna.jones"] });
      expect(put.body).to.include({ id: "Default", name });
      expect(put.body.permissions).to.deep.equal(["AccessWhisper"]);
      expect((await api.call("DELETE", `/api/v1/security-groups/${id}`)).status).to.equal(409);
    });
  }

  it("of a known permission is that permission", async () => {
    const { body } = await api.call("PUT", "/api/v1/users/kim", {
      name: "Kim",
      permissions: ["accesswhisper "],
    });
    expect(body.permissions).to.deep.equal(["AccessWhisper"]);
  });

  const booking = {
    status: "arrived",
    patient_id: "12345",
    doctor: "anna.jones",
    appointment_at: "2026-03-02T10:30:00+11:00",
    changed_by: "Zoë",
    changed_at: "2026-03-02T10:24:10+11:00",
  };

  it("is accepted in a booking, with or without spaces", async () => {
    const sent = {
      ...booking,
      doctor: "Anna.Jones  ",
      changed_by: "zoë ",
      patient_name: "",
      location: "\u00a0\t",
      patient_id: "\ufeff12345",
      appointment_at: "2026-03-02t10:30+1100",
    };
    expect((await api.call("PUT", "/api/v1/bookings/b%201%20", sent)).body.applied).to.equal(true);
    const { rows } = await api.database.query(
      "SELECT booking_id, doctor, changed_by, patient_id, patient_name, location FROM bookings",
    );
    expect(rows).to.deep.equal([
      {
        booking_id: "b 1",
        doctor: "anna.jones",
        changed_by: "Zoë",
        patient_id: "12345",
        patient_name: null,
        location: null,
      },
    ]);
    const list = (doctor: string) => api.call("GET", `/api/v1/arrivals?doctor=${doctor}`);
    for (const doctor of ["anna.jones", "ANNA.JONES%20", ""])
      expect((await list(doctor)).body.arrivals, doctor).to.have.length(1);
    expect((await list("anna")).body.arrivals).to.have.length(0);
    const again = { ...booking, location: null, patient_name: " ", changed_at: "2026-03-01T23:24:10z" };
    expect((await api.call("PUT", "/api/v1/bookings/b%201", again)).body.applied).to.equal(false);
  });

  for (const at of ["2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]) {
    it(`accepts ${at} or says what is wrong with it`, async () => {
      const answer = await api.call("PUT", "/api/v1/bookings/b2", { ...booking, appointment_at: at });
      expect(answer.status, answer.text).to.be.oneOf([200, 400]);
    });
  }

  it("treats null and blanks as left out", async () => {
    const odd = {
      name: " Kim\u00a0",
      role: " ",
      active: null,
      doctor: null,
      locations: null,
      permissions: null,
    };
    const { body } = await api.call("PUT", "/api/v1/users/kim", { ...odd, email: "", mobile: "\t" });
    expect(body).to.include({ name: "Kim", active: true, doctor: false });
    expect(body).not.to.have.any.keys("role", "email", "mobile");
    expect(body.locations).to.deep.equal([]);
    const group = { name: "G", permissions: null, members: null };
    expect((await api.call("PUT", "/api/v1/security-groups/g", group)).body.members).to.deep.equal([]);
  });

  it("accepts real email addresses", async () => {
    for (const email of ["smith&jones@clinic.com.au", "o'brien+x@clinic.com.au", "anna@münchen.example"])
      expect((await api.call("PUT", "/api/v1/users/kim", { name: "Kim", email })).body.email).to.equal(email);
    const injected = { name: "Kim", email: "kim@x.org\nBcc: all@x.org" };
    expect((await api.call("PUT", "/api/v1/users/kim", injected)).status).to.equal(400);
  });

  const raw = (body: Buffer, type = "application/json") =>
    api.raw({ method: "PUT", path: "/api/v1/users/kim", headers: { "content-type": type }, body });

  it("of the bytes: accepts a byte order mark, and refuses other encodings with what to do", async () => {
    expect((await raw(Buffer.from('\ufeff{"name":"Zoë"}'))).body.name).to.equal("Zoë");
    expect((await raw(Buffer.from('{"name":"Zoë"}'), 'application/json; charset="UTF8"')).status).to.equal(
      200,
    );
    for (const encoding of ["utf16le", "latin1"] as const) {
      const refused = await raw(Buffer.from('{"name":"Zoë"}', encoding));
      expect(refused.status).to.equal(400);
      expect(refused.body.detail).to.match(/as UTF-8/);
    }
  });
});
