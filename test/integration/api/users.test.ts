import { expect } from "chai";
import type { IssueSignIn, SignInRefusal } from "../../../src/directory/sign-in.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

describe("users, groups and settings one by one", function () {
  this.timeout(30_000);
  let api: TestApi;
  let refusal: SignInRefusal | null = null;
  const issueSignIn: IssueSignIn = async () =>
    refusal ?? { login_token: "t", url: "https://client.example/?t", expires_in: 120 };

  beforeEach(async () => {
    refusal = null;
    api = await startTestApi({ issueSignIn });
    const users = [
      { username: "anna", name: "Dr Anna Jones", doctor: true },
      { username: "ben", name: "Ben Okafor" },
    ];
    await api.call("PUT", "/api/v1/directory", { users, security_groups: [] });
    api.changes.splice(0);
  });
  afterEach(() => api.close());

  const settings = (username: string) => api.call("GET", `/api/v1/users/${username}/preferences`);
  const set = (username: string, body: unknown) =>
    api.call("PATCH", `/api/v1/users/${username}/preferences`, body);

  it("sends, changes, sends again and reads a user", async () => {
    const cora = { name: "Cora", role: "Nurse", locations: ["Botany"] };
    const whole = { username: "cora", active: true, permissions: [], doctor: false, doctor_ids: [], ...cora };
    expect((await api.call("PUT", "/api/v1/users/cora", cora)).body).to.deep.equal(whole);
    expect(api.changes.splice(0)).to.deep.equal([{ usernames: ["cora"], groups: [], members: ["Default"] }]);
    expect((await api.call("PUT", "/api/v1/users/cora", whole)).body).to.deep.equal(whole);
    expect(api.changes).to.deep.equal([]);
    // Fields that are left out get their defaults.
    await api.call("PUT", "/api/v1/users/cora", { name: "Cora" });
    expect(api.changes.splice(0)).to.deep.equal([{ usernames: ["cora"], groups: [], members: [] }]);
    const { role: _, ...without } = whole;
    expect((await api.call("GET", "/api/v1/users/cora")).body).to.deep.equal({ ...without, locations: [] });
  });

  it("deactivates a user, who keeps everything and comes back", async () => {
    await set("ben", { never_receive: true });
    api.changes.splice(0);
    expect((await api.call("DELETE", "/api/v1/users/ben")).status).to.equal(204);
    expect((await api.call("DELETE", "/api/v1/users/ben")).status).to.equal(204);
    expect(api.changes.splice(0)).to.deep.equal([{ usernames: ["ben"], groups: [] }]);
    expect((await api.call("GET", "/api/v1/users/ben")).body).to.include({
      active: false,
      name: "Ben Okafor",
    });
    await api.call("PUT", "/api/v1/users/ben", { name: "Ben Okafor" });
    expect((await settings("ben")).body).to.include({ never_receive: true });
    const { rows } = await api.database.query("SELECT * FROM security_group_members WHERE username = 'ben'");
    expect(rows).to.have.length(1);
  });

  it("finds users by part of their name, page by page, each once", async () => {
    const users = Array.from({ length: 25 }, (_, index) => ({
      username: `u${index}`,
      name: `Person ${index % 2 ? "Ä_%" : "b"}`,
    }));
    await api.call("PUT", "/api/v1/directory?allow_mass_deactivation=true", { users, security_groups: [] });
    const found: string[] = [];
    let pages = 0;
    let cursor: string | null = null;
    do {
      const { body } = await api.call(
        "GET",
        `/api/v1/users?query=PERSON&limit=7${cursor === null ? "" : `&cursor=${cursor}`}`,
      );
      found.push(...body.users.map((user: { username: string }) => user.username));
      expect(body.users).to.have.length.within(1, 7);
      cursor = body.next_cursor;
      pages += 1;
      // Users added before and after the page are neither repeated nor skipped.
      if (pages === 1) await api.call("PUT", "/api/v1/users/a0", { name: "Person b" });
    } while (cursor !== null);
    expect(pages).to.equal(4);
    expect(found).to.deep.equal(users.map((user) => user.username).sort());
    const count = async (query: string) =>
      (await api.call("GET", `/api/v1/users?limit=1000&query=${encodeURIComponent(query)}`)).body.users
        .length;
    expect(await count("ä_%")).to.equal(12);
    expect(await count("%")).to.equal(12);
    expect(await count("ANNA")).to.equal(1);
    expect(await count("nobody")).to.equal(0);
    expect((await api.call("GET", "/api/v1/users?limit=28")).body).to.include({ next_cursor: null });
  });

  it("sends, changes and deletes a security group", async () => {
    const nurses = { name: "Nurses", members: ["ben"] };
    const whole = { id: "N", permissions: [], ...nurses };
    expect((await api.call("PUT", "/api/v1/security-groups/N", nurses)).body).to.deep.equal(whole);
    expect(api.changes.splice(0)).to.deep.equal([{ usernames: ["ben"], groups: ["N"] }]);
    expect((await api.call("PUT", "/api/v1/security-groups/N", whole)).body).to.deep.equal(whole);
    expect(api.changes).to.deep.equal([]);
    await api.call("PUT", "/api/v1/security-groups/N", { ...nurses, members: ["anna"] });
    expect(api.changes.splice(0)).to.deep.equal([{ usernames: ["anna", "ben"], groups: ["N"] }]);
    expect((await api.call("DELETE", "/api/v1/security-groups/N")).status).to.equal(204);
    expect(api.changes.splice(0)).to.deep.equal([{ usernames: ["anna"], groups: ["N"] }]);
    expect((await api.call("DELETE", "/api/v1/security-groups/N")).status).to.equal(404);
  });

  it("has defaults for settings, and different ones for doctors", async () => {
    const off = { open_on_message: false, keep_hidden: false, never_receive: false, open_on_startup: false };
    expect((await settings("ben")).body).to.deep.equal({ ...off, patient_arrived_alerts: "off" });
    expect((await settings("anna")).body).to.deep.equal({ ...off, patient_arrived_alerts: "own" });
  });

  it("changes settings one by one, and announces only real changes", async () => {
    expect((await set("anna", { keep_hidden: true })).body).to.include({
      keep_hidden: true,
      patient_arrived_alerts: "own",
    });
    expect((await set("anna", { never_receive: true })).body).to.include({
      keep_hidden: true,
      never_receive: true,
    });
    expect(api.changes.splice(0)).to.deep.equal([
      { usernames: ["anna"], groups: [] },
      { usernames: ["anna"], groups: [] },
    ]);
    await set("anna", { never_receive: true });
    await set("anna", {});
    expect(api.changes).to.deep.equal([]);
    expect((await set("anna", { patient_arrived_alerts: "off" })).body).to.include({
      patient_arrived_alerts: "off",
    });
    expect((await set("anna", { keep_hidden: false })).body).to.include({ patient_arrived_alerts: "off" });
    expect((await set("anna", { patient_arrived_alerts: null })).body).to.include({
      patient_arrived_alerts: "own",
    });
  });

  it("stores, replaces and forgets the open patient", async () => {
    const path = "/api/v1/users/ben/current-patient";
    const stored = async () =>
      (await api.database.query("SELECT username, patient_id FROM current_patients")).rows;
    expect((await api.call("PUT", path, { patient_id: "12345" })).status).to.equal(204);
    expect((await api.call("PUT", path, { patient_id: "67890" })).status).to.equal(204);
    expect(await stored()).to.deep.equal([{ username: "ben", patient_id: "67890" }]);
    expect((await api.call("DELETE", path)).status).to.equal(204);
    expect((await api.call("DELETE", path)).status).to.equal(204);
    expect(await stored()).to.deep.equal([]);
    expect(api.changes).to.deep.equal([]);
  });

  it("answers 404 for unknown users", async () => {
    for (const [method, path, body] of [
      ["GET", "", undefined],
      ["DELETE", "", undefined],
      ["GET", "/preferences", undefined],
      ["PATCH", "/preferences", { keep_hidden: true }],
      ["PUT", "/current-patient", { patient_id: "1" }],
      ["DELETE", "/current-patient", undefined],
    ] as const) {
      expect((await api.call(method, `/api/v1/users/zoe${path}`, body)).status, `${method} ${path}`).to.equal(
        404,
      );
    }
  });

  it("creates a sign-in link, or says why not", async () => {
    const ask = () => api.call("POST", "/api/v1/users/anna/sign-in");
    expect((await ask()).body).to.deep.equal({
      login_token: "t",
      url: "https://client.example/?t",
      expires_in: 120,
    });
    expect((await api.call("POST", "/api/v1/users/anna/sign-in", {})).status).to.equal(200);
    refusal = { refused: "no-access" };
    expect((await ask()).status).to.equal(403);
    refusal = { refused: "unknown-user" };
    expect((await ask()).status).to.equal(404);
    refusal = { refused: "too-soon", retryAfter: 42.2 };
    const soon = await ask();
    expect([soon.status, soon.headers.get("retry-after")]).to.deep.equal([429, "43"]);
    refusal = { refused: "homeserver-down" };
    const down = await ask();
    expect([down.status, down.headers.get("retry-after")]).to.deep.equal([503, "5"]);
  });
});
