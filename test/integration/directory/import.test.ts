import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { activeUsers, groupMembers } from "../../support/http/directory.ts";

const PATH = "/api/v1/directory";
const ANNA = { username: "anna", name: "Dr Anna Jones", doctor: true, locations: ["Rosebery"] };
const BEN = {
  username: "ben",
  name: "Ben",
  email: "ben@practice.example",
  mobile: "0412 345 678",
  role: "Nurse",
};
const CORA = { username: "cora", name: "Cora" };
const group = (id: string, members: string[] = [], more = {}) => ({ id, name: id, members, ...more });

describe("PUT /api/v1/directory", function () {
  this.timeout(60_000);
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
  });
  afterEach(() => api.close());

  const put = (users: unknown[], groups: unknown[] = [], query = "") =>
    api.call("PUT", PATH + query, { users, security_groups: groups });
  const revision = async () =>
    Number((await api.database.query("SELECT revision FROM directory_revision")).rows[0]?.revision);
  const active = () => activeUsers(api);
  const members = (id: string) => groupMembers(api, id);
  const users = (created: number, updated: number, unchanged: number, deactivated: number) => ({
    created,
    updated,
    unchanged,
    deactivated,
  });

  it("creates, changes, keeps and deactivates, and counts each", async () => {
    const first = await put([ANNA, BEN, CORA], [group("Nurses", ["ben"]), group("Doctors", ["anna"])]);
    expect(first.body).to.deep.equal({
      users: users(3, 0, 0, 0),
      security_groups: { created: 2, updated: 0, unchanged: 0, deleted: 0 },
      problems: [],
    });
    const second = await put(
      [ANNA, { ...BEN, name: "Benjamin" }],
      [group("Nurses", ["anna", "ben"]), group("Doctors", ["anna"])],
    );
    expect(second.body).to.deep.equal({
      users: users(0, 1, 1, 1),
      security_groups: { created: 0, updated: 1, unchanged: 1, deleted: 0 },
      problems: [],
    });
    expect(await active()).to.deep.equal(["anna", "ben"]);
    expect(await members("Nurses")).to.deep.equal(["anna", "ben"]);
    expect((await api.call("GET", "/api/v1/users/cora")).body).to.include({ active: false, name: "Cora" });
    const third = await put([ANNA, BEN, CORA], [group("Doctors", ["anna"])]);
    expect(third.body.users).to.deep.equal(users(0, 2, 1, 0));
    expect(third.body.security_groups).to.deep.equal({ created: 0, updated: 0, unchanged: 1, deleted: 1 });
    expect(await active()).to.deep.equal(["anna", "ben", "cora"]);
  });

  it("keeps what was sent, to the letter", async () => {
    const odd = {
      username: 'o\'Brien \\ "x" {1,2} NULL',
      name: "名前 — ‘ß’ 👩‍⚕️",
      role: "a, b",
      mobile: "+61 (4) 12",
      locations: ["", "{}", "NULL", '"'].slice(1),
      permissions: ["AccessWhisper", "x,y"],
    };
    expect((await put([odd])).status).to.equal(200);
    expect((await api.call("GET", `/api/v1/users/${encodeURIComponent(odd.username)}`)).body).to.deep.equal({
      active: true,
      doctor: false,
      doctor_ids: [],
      ...odd,
    });
    expect((await put([odd])).body.users).to.deep.equal(users(0, 0, 1, 0));
  });

  it("accepts its own answer", async () => {
    await put([BEN]);
    const { body } = await api.call("GET", "/api/v1/users/ben");
    expect((await put([body])).body.users).to.deep.equal(users(0, 0, 1, 0));
  });

  it("treats null and empty text as unknown", async () => {
    await put([{ ...CORA, role: "", email: null, mobile: "" }]);
    expect((await put([CORA])).body.users).to.deep.equal(users(0, 0, 1, 0));
  });

  it("announces a change once, with the people and groups it affects, and never without a change", async () => {
    const listener = await api.database.pool.connect();
    const heard: string[] = [];
    listener.on("notification", (message) => heard.push(message.payload ?? ""));
    await listener.query("LISTEN whisper_directory");
    try {
      const groups = [group("Nurses", ["ben"]), group("Default", ["anna", "ben"])];
      await put([ANNA, BEN], groups);
      expect(api.changes.splice(0)).to.deep.equal([
        { usernames: ["anna", "ben"], groups: ["Nurses", "Default"] },
      ]);
      expect(await revision()).to.equal(1);
      await put([ANNA, BEN], groups);
      await put([CORA], [], "?dry_run=true");
      await put([CORA], [], "");
      await put([{ ...ANNA, name: 1 }]);
      expect(api.changes).to.deep.equal([]);
      expect(await revision()).to.equal(1);
      await put([ANNA, BEN], [group("Nurses", []), group("Default", ["anna", "ben"])]);
      expect(api.changes.splice(0)).to.deep.equal([{ usernames: ["ben"], groups: ["Nurses"] }]);
      await listener.query("SELECT 1");
      expect(heard).to.deep.equal(["1", "2"]);
    } finally {
      listener.release(true);
    }
  });

  it("announces in the transaction, so a failure there leaves nothing behind", async () => {
    await api.database.query(
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
       CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON directory_revision DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION fail()`,
    );
    expect((await put([ANNA])).status).to.equal(500);
    expect(await active()).to.deep.equal([]);
  });

  describe("a dry run", () => {
    it("answers the plan and changes nothing", async () => {
      await put([ANNA, BEN]);
      api.changes.splice(0);
      const answer = await put([BEN, CORA], [group("Nurses")], "?dry_run=true");
      expect(answer.body).to.deep.equal({
        users: users(1, 0, 1, 1),
        security_groups: { created: 1, updated: 0, unchanged: 0, deleted: 0 },
        problems: [],
        dry_run: true,
        access_lost: 1,
        memberships_lost: 1,
        mass_deactivation: false,
      });
      expect(await active()).to.deep.equal(["anna", "ben"]);
      expect(api.changes).to.deep.equal([]);
      expect((await put([CORA], [], "?dry_run=true")).body).to.include({ mass_deactivation: true });
    });

    it("still finds errors", async () => {
      expect((await put([ANNA, ANNA], [], "?dry_run=true&strict=true")).status).to.equal(400);
      expect((await put([ANNA, ANNA], [], "?dry_run=true")).body.problems).to.have.length(1);
    });
  });

  describe("a mass deactivation", () => {
    const four = [ANNA, BEN, CORA, { username: "dan", name: "Dan" }];

    it("is refused if it is more than half of the active users", async () => {
      await put(four, [group("Nurses", ["ben"])]);
      api.changes.splice(0);
      const refused = await put([ANNA], []);
      expect(refused.status).to.equal(409);
      expect(refused.body.detail).to.match(/3 of 4 active users/);
      expect(await active()).to.have.length(4);
      expect(await members("Nurses")).to.deep.equal(["ben"]);
      expect(api.changes).to.deep.equal([]);
    });

    it("may otherwise be at most half of them", async () => {
      await put(four);
      expect((await put([ANNA, BEN])).body.users).to.include({ deactivated: 2 });
    });

    it("counts those that are sent as inactive", async () => {
      await put(four);
      expect((await put(four.map((user) => ({ ...user, active: false })))).status).to.equal(409);
    });

    it("is done if it is intended", async () => {
      await put(four);
      expect((await put([], [], "?allow_mass_deactivation=true")).body.users).to.include({ deactivated: 4 });
      expect(await active()).to.deep.equal([]);
      expect((await put([])).status).to.equal(200);
    });
  });

  describe("the group Default", () => {
    const row = async () =>
      (await api.database.query("SELECT permissions, everyone FROM security_groups WHERE id = 'Default'"))
        .rows[0];

    it("exists implicitly with everyone in it, even people who are added one by one", async () => {
      await api.call("PUT", "/api/v1/users/zoe", { name: "Zoe" });
      expect(await members("Default")).to.deep.equal(["zoe"]);
      await put([ANNA, { username: "zoe", name: "Zoe" }]);
      expect(await members("Default")).to.deep.equal(["anna", "zoe"]);
      await api.call("PUT", "/api/v1/users/ben", BEN);
      expect(await members("Default")).to.deep.equal(["anna", "ben", "zoe"]);
      expect(await row()).to.deep.equal({ permissions: ["AccessWhisper"], everyone: true });
    });

    it("belongs to HealthTrack as soon as it is sent", async () => {
      await put([ANNA, BEN], [group("Default", ["anna"])]);
      expect(await members("Default")).to.deep.equal(["anna"]);
      expect(await row()).to.deep.equal({ permissions: ["AccessWhisper"], everyone: false });
      await api.call("PUT", "/api/v1/users/cora", CORA);
      expect(await members("Default")).to.deep.equal(["anna"]);
      await put([ANNA, BEN, CORA], [group("Default", ["anna"], { permissions: [] })]);
      expect(await row()).to.deep.equal({ permissions: [], everyone: false });
      await put([ANNA, BEN, CORA], [], "?allow_mass_deactivation=true");
      expect(await members("Default")).to.deep.equal(["anna", "ben", "cora"]);
      expect(await row()).to.deep.equal({ permissions: ["AccessWhisper"], everyone: true });
    });

    it("may be sent under a number, with the directory or alone", async () => {
      await put([ANNA, BEN], [{ id: "7", name: "Default", members: ["anna"] }]);
      expect(await row()).to.equal(undefined);
      await put([ANNA, BEN]);
      const answer = await api.call("PUT", "/api/v1/security-groups/7", {
        name: "Default",
        members: ["ben"],
      });
      expect(answer.body).to.deep.equal({
        id: "7",
        name: "Default",
        permissions: ["AccessWhisper"],
        members: ["ben"],
      });
      expect(await row()).to.equal(undefined);
    });

    it("is different from another group with that name, which can be deleted", async () => {
      const second = () =>
        api.call("PUT", "/api/v1/security-groups/8", { name: "default", members: ["ben"] });
      await put([ANNA, BEN], [group("Default", ["anna"], { permissions: [] })]);
      expect((await second()).body).to.deep.include({ permissions: [] });
      expect((await api.call("DELETE", "/api/v1/security-groups/8")).status).to.equal(204);
    });

    it("stays the one under a number if another gets the name", async () => {
      const second = () =>
        api.call("PUT", "/api/v1/security-groups/8", { name: "default", members: ["ben"] });
      await put([ANNA, BEN], [{ id: "7", name: "Default", members: ["anna"] }]);
      expect((await second()).body).to.deep.include({ permissions: [] });
      const first = await api.call("PUT", "/api/v1/security-groups/7", {
        name: "Default",
        members: ["anna"],
      });
      expect(first.body).to.deep.include({ permissions: ["AccessWhisper"] });
      expect((await api.call("DELETE", "/api/v1/security-groups/8")).status).to.equal(204);
      expect((await api.call("DELETE", "/api/v1/security-groups/7")).status).to.not.equal(204);
    });

    it("cannot be deleted", async () => {
      expect((await api.call("DELETE", "/api/v1/security-groups/Default")).status).to.equal(409);
    });
  });
});
