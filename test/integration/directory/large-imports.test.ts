import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { activeUsers, groupMembers } from "../../support/http/directory.ts";

const group = (id: string, members: string[] = []) => ({ id, name: id, members });

describe("PUT /api/v1/directory, with many people and at the same time", function () {
  this.timeout(60_000);
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
  });
  afterEach(() => api.close());

  const put = (users: unknown[], groups: unknown[] = [], query = "") =>
    api.call("PUT", `/api/v1/directory${query}`, { users, security_groups: groups });
  const active = () => activeUsers(api);
  const members = (id: string) => groupMembers(api, id);

  it("does not mix two imports", async () => {
    const team = (letter: string) =>
      Array.from({ length: 150 }, (_, index) => ({ username: `${letter}${index}`, name: letter }));
    const teams = ["a", "b", "c", "d"].map(team);
    await put(teams.flat());
    const imports = teams.flatMap((users, index) => {
      const groups = [
        group(
          "Team",
          users.map((user) => user.username),
        ),
        group(`Only ${index}`),
      ];
      return [0, 1, 2].map(() => put(users, groups, "?allow_mass_deactivation=true"));
    });
    const answers = await Promise.all(imports);
    expect(new Set(answers.map((answer) => answer.status))).to.deep.equal(new Set([200]));
    const now = await active();
    expect(now).to.have.length(150);
    expect(await members("Team")).to.deep.equal(now);
    const letters = new Set(now.map((username) => username[0]));
    expect(letters.size).to.equal(1);
    const { rows } = await api.database.query("SELECT id FROM security_groups WHERE id LIKE 'Only%'");
    expect(rows).to.have.length(1);
  });

  it("does not mix an import with single changes", async () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ username: `u${index}`, name: "U" }));
    await put(many);
    await Promise.all([
      ...many.map((user) => api.call("PUT", `/api/v1/users/${user.username}`, { name: "V" })),
      ...many.map((user) =>
        api.call("PATCH", `/api/v1/users/${user.username}/preferences`, { never_receive: true }),
      ),
      put(many, [], "?allow_mass_deactivation=true"),
      ...Array.from({ length: 20 }, (_, index) =>
        api.call("PUT", `/api/v1/security-groups/g${index}`, { name: "G", members: ["u1"] }),
      ),
      put(many, [group("g1", ["u2"])], "?allow_mass_deactivation=true"),
    ]).then((answers) =>
      expect(new Set(answers.map((answer) => answer.status))).to.deep.equal(new Set([200])),
    );
  });

  it("takes 10,000 users and 200 groups (times are printed)", async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      username: `user.${index}`,
      name: `Person Number ${index}`,
      role: "Nurse",
      email: `user.${index}@practice.example`,
      mobile: `04${String(index).padStart(8, "0")}`,
      doctor: index % 7 === 0,
      locations: ["Rosebery", "Botany"].slice(0, 1 + (index % 2)),
    }));
    const groups = Array.from({ length: 200 }, (_, index) => ({
      id: `g${index}`,
      name: `Group ${index}`,
      members: many
        .filter((_user, at) => at % 200 === index || at % 37 === index % 37)
        .map((user) => user.username),
    }));
    const timed = async (title: string, work: () => Promise<unknown>) => {
      const started = performance.now();
      await work();
      console.log(`        (${title}: ${Math.round(performance.now() - started)} ms)`);
    };
    await timed("first import", async () =>
      expect((await put(many, groups)).body.users).to.include({ created: 10_000 }),
    );
    api.changes.splice(0);
    await timed("unchanged", async () =>
      expect((await put(many, groups)).body.users).to.include({ unchanged: 10_000 }),
    );
    expect(api.changes).to.deep.equal([]);
    await timed("dry run", () => put(many, groups, "?dry_run=true"));
    const renamed = many.map((user) => ({ ...user, name: `${user.name}!` }));
    await timed("all renamed", async () =>
      expect((await put(renamed, groups)).body.users).to.include({ updated: 10_000 }),
    );
    await timed("one user", () => api.call("PUT", "/api/v1/users/one.more", { name: "One" }));
    await timed("search", () => api.call("GET", "/api/v1/users?query=number%20999"));
  });
});
