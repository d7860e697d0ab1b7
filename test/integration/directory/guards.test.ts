import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

const PATH = "/api/v1/directory";
const person = (username: string, more = {}) => ({ username, name: username, ...more });
const group = (id: string, members: string[] = [], more = {}) => ({ id, name: id, members, ...more });
const LEAVE = "?allow_mass_deactivation=true";

describe("a directory that would sign out half the practice", function () {
  this.timeout(30_000);
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
  });
  afterEach(() => api.close());

  const NAMES = ["anna", "ben", "cora", "dan"];
  const FOUR = NAMES.map((name) => person(name));
  const put = (users: unknown[], groups: unknown[], query = "") =>
    api.call("PUT", PATH + query, { users, security_groups: groups });
  const state = async () => {
    const { rows } = await api.database.query(
      `SELECT (SELECT json_agg(u ORDER BY username) FROM users u) AS users,
              (SELECT json_agg(g ORDER BY id) FROM security_groups g) AS groups,
              (SELECT json_agg(m ORDER BY group_id, username) FROM security_group_members m) AS members`,
    );
    return JSON.stringify(rows);
  };

  async function refused(answer: ReturnType<typeof put>, detail: RegExp, before: string): Promise<void> {
    const { status, body } = await answer;
    expect(status, JSON.stringify(body)).to.equal(409);
    expect(body.detail)
      .to.match(detail)
      .and.to.match(/allow_mass_deactivation=true/);
    expect(await state()).to.equal(before);
  }

  describe("in a practice whose access comes from Default", () => {
    const all = [group("Default", NAMES), group("Nurses", ["ben"]), group("Doctors", ["anna"])];
    let before: string;
    beforeEach(async () => {
      expect((await put(FOUR, all)).status).to.equal(200);
      before = await state();
    });

    it("is refused: no groups while there are groups", async () => {
      await refused(put(FOUR, []), /delete 3 of 3 security groups/, before);
      const plan = await put(FOUR, [], "?dry_run=true");
      expect(plan.body).to.include({ mass_deactivation: true, access_lost: 0 });
      expect(plan.body.security_groups.deleted).to.equal(3);
      expect((await put(FOUR, [], LEAVE)).status).to.equal(200);
    });

    it("is refused: Default without permission and members", async () => {
      const groups = [group("Default", [], { permissions: [] }), ...all.slice(1)];
      await refused(put(FOUR, groups), /take AccessWhisper from 4 of the 4 users who have it/, before);
      const plan = await put(FOUR, groups, "?dry_run=true");
      expect(plan.body).to.include({ access_lost: 4, memberships_lost: 4, mass_deactivation: true });
      expect((await put(FOUR, groups, LEAVE)).status).to.equal(200);
    });

    it("is refused: most of its members gone", async () => {
      await refused(put(FOUR, [group("Default", ["anna"]), ...all.slice(1)]), /from 3 of the 4/, before);
      expect((await put(FOUR, [group("Default", ["anna", "ben"]), ...all.slice(1)])).status).to.equal(200);
    });

    it("is refused alone: Default without the permission, or without members", async () => {
      const alone = (body: object, query = "") =>
        api.call("PUT", `/api/v1/security-groups/default${query}`, { name: "Default", ...body });
      await refused(alone({ permissions: [] }), /take AccessWhisper from 4 of the 4/, before);
      await refused(alone({ members: [] }), /take AccessWhisper from 4 of the 4/, before);
      await refused(alone({ members: ["anna"] }), /take AccessWhisper from 3 of the 4/, before);
      expect((await alone({ members: ["anna", "ben", "cora"] })).status).to.equal(200);
      expect((await alone({ permissions: [] }, LEAVE)).status).to.equal(200);
    });
  });

  it("is refused alone: the group goes through which most have access", async () => {
    await put(FOUR, [group("Default", ["anna"]), group("Staff", NAMES, { permissions: ["AccessWhisper"] })]);
    const before = await state();
    await refused(api.call("DELETE", "/api/v1/security-groups/STAFF"), /from 3 of the 4/, before);
    await refused(
      api.call("PUT", "/api/v1/security-groups/Staff", { name: "Staff" }),
      /from 3 of the 4/,
      before,
    );
    expect((await api.call("DELETE", `/api/v1/security-groups/Staff${LEAVE}`)).status).to.equal(204);
  });

  it("counts who still has access through something else", async () => {
    const own = NAMES.map((name) => person(name, { permissions: ["AccessWhisper"] }));
    await put(own, [group("Default", NAMES), group("Nurses")]);
    const body = { name: "Default", permissions: [], members: [] };
    expect((await api.call("PUT", "/api/v1/security-groups/Default", body)).status).to.equal(200);
  });

  describe("is refused when Default is missing and everyone would be in it, though nobody loses anything", () => {
    const others = [group("Nurses", ["anna"], { permissions: ["AccessWhisper"] }), group("Doctors", ["ben"])];
    const cases: [string, object][] = [
      ["that some are in", group("Default", ["anna"])],
      ["under a number", { id: "7", name: "default", members: ["anna", "ben"] }],
      ["that gives nothing", group("Default", NAMES, { permissions: [] })],
    ];
    for (const [title, sent] of cases)
      it(`one ${title}`, async () => {
        await put(FOUR, [sent, ...others]);
        const before = await state();
        await refused(
          put(FOUR, others),
          /give AccessWhisper to [23] users .* the group Default is missing/,
          before,
        );
        expect((await put(FOUR, others, "?dry_run=true")).body).to.include({ mass_deactivation: true });
        expect((await put(FOUR, others, LEAVE)).status).to.equal(200);
        expect((await put(FOUR, others)).status).to.equal(200);
      });

    it("is not refused where everyone had access", async () => {
      await put(FOUR, [group("Default", NAMES), ...others]);
      expect((await put(FOUR, others)).status).to.equal(200);
    });
  });

  it("is refused: Default with everyone is replaced by one with no one", async () => {
    await put(FOUR, [group("Nurses")]);
    const before = await state();
    const put7 = api.call("PUT", "/api/v1/security-groups/7", { name: "default", members: ["ben"] });
    await refused(put7, /from 3 of the 4/, before);
  });

  it("does not block the ordinary leaver of a practice of one, two or three", async () => {
    for (const size of [3, 2, 1]) {
      const staff = FOUR.slice(0, size);
      const groups = [group("Default", NAMES.slice(0, size))];
      await put(staff, groups, LEAVE);
      const left = staff.slice(1);
      const answer = await put(left, [group("Default", NAMES.slice(1, size))]);
      expect(answer.status, `${size}: ${answer.text}`).to.equal(200);
    }
  });

  it("is two people at once, in a practice of two or three", async () => {
    await put(FOUR.slice(0, 3), [group("Default", NAMES.slice(0, 3))]);
    await refused(
      put(FOUR.slice(0, 1), [group("Default", ["anna"])]),
      /deactivate 2 of 3 active/,
      await state(),
    );
  });
});
