import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { importFile } from "../../../src/directory/import-file.ts";
import { SETTINGS, startTestApi, type TestApi } from "../../support/http/api.ts";
import { SOMEONES_RECORD } from "../../support/practice/record-keys.ts";

const PATH = "/api/v1/directory";
const ANNA = { username: "anna", name: "Dr Anna Jones", doctor: true };
const BEN = { username: "ben", name: "Ben Adler", email: "ben@practice.example", role: "Nurse" };
const CORA = { username: "cora", name: "Cora" };
const DAN = { username: "dan", name: "Dan" };
const group = (id: string, members: unknown[] = []) => ({ id, name: id, members });

describe("a directory with an error", function () {
  this.timeout(30_000);
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
    const security_groups = [group("Nurses", ["ben"]), group("Doctors", ["anna"])];
    await api.call("PUT", PATH, { users: [ANNA, BEN, CORA, DAN], security_groups });
    api.changes.splice(0);
  });
  afterEach(() => api.close());

  const put = (
    users: unknown[],
    groups: unknown[] = [group("Nurses", ["ben"]), group("Doctors")],
    query = "",
  ) => api.call("PUT", PATH + query, { users, security_groups: groups });
  const active = async () =>
    (
      await api.database.query<{ username: string }>("SELECT username FROM users WHERE active ORDER BY 1")
    ).rows.map((row) => row.username);

  it("removes leavers and adds starters, and says what it did with the rest", async () => {
    const eve = { username: "eve", name: "Eve" };
    const answer = await put(
      [ANNA, { ...BEN, email: "n/a", role: "Sister" }, CORA, eve],
      [group("Nurses", ["ben", "zoe", "eve"]), group("Doctors", ["anna"])],
    );
    expect(answer.status).to.equal(200);
    expect(answer.body.problems.map(({ path, kept }: Record<string, string>) => [path, kept])).to.deep.equal([
      ["users[1].email", "as known"],
      ["security_groups[0].members[1]", "left out"],
    ]);
    expect(await active()).to.deep.equal(["anna", "ben", "cora", "eve"]);
    expect((await api.call("GET", "/api/v1/users/ben")).body).to.include({
      email: "ben@practice.example",
      role: "Sister",
    });
  });

  it("keeps a person whose record cannot be read, neither changed nor deactivated", async () => {
    const { body } = await put([ANNA, { ...BEN, name: "", role: "Sister" }, CORA]);
    expect(body.users).to.deep.equal({ created: 0, updated: 0, unchanged: 3, deactivated: 1 });
    expect(body.problems).to.have.length(1);
    expect(body.problems[0]).to.include({ path: "users[1].name", kept: "as known" });
    expect((await api.call("GET", "/api/v1/users/ben")).body).to.include({ active: true, role: "Nurse" });
  });

  it("deactivates no absent person while a record could be theirs, and says so", async () => {
    const { body } = await put([ANNA, BEN, { ...CORA, username: null }]);
    expect(body.users).to.include({ deactivated: 0 });
    expect(await active()).to.deep.equal(["anna", "ben", "cora", "dan"]);
    expect(body.problems.map(({ path }: { path: string }) => path)).to.deep.equal([
      "users[2].username",
      "users",
    ]);
    expect(body.problems[1].message).to.match(/2 active users were not sent, and stay active/);
  });

  it("changes nothing at all if it was sent as strict", async () => {
    const refused = await put([ANNA, { ...BEN, email: "n/a" }, CORA], undefined, "?strict=true");
    expect(refused.status).to.equal(400);
    expect(refused.body.errors).to.deep.equal([
      { path: "users[1].email", message: "Must be an email address, or left out" },
    ]);
    expect(await active()).to.have.length(4);
    expect(api.changes).to.deep.equal([]);
  });

  it("is refused as a whole if its shape is wrong", async () => {
    for (const body of [null, [], {}, { users: [ANNA] }, { users: null, security_groups: [] }, "x"])
      expect((await api.call("PUT", PATH, body)).status).to.equal(400);
    expect((await api.call("PUT", PATH, { users: [], security_groups: [], more: 1 })).status).to.equal(400);
    expect(await active()).to.have.length(4);
  });

  it("appears in the log only by its places", async () => {
    await put([ANNA, { ...BEN, "Zebra Patient": 1, email: "zebra" }, CORA, { ...DAN, name: ["Zebra"] }]);
    const line = api.lines.find((each) => each.includes("came with problems"));
    expect(JSON.parse(line ?? "{}").problems).to.have.members([
      "users[1].email",
      "users[1]",
      "users[3].name",
    ]);
    expect(api.lines.join("")).not.to.match(/zebra/i);
  });

  it("lists a thousand problems, and counts the others", async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => ({ username: `u${index}`, name: "" }));
    const { body } = await put([ANNA, BEN, CORA, DAN, ...many]);
    expect(body.problems).to.have.length(1_000);
    expect(body.more_problems).to.equal(500);
  });

  it("removes invisible and control characters from names", async () => {
    await put([{ ...ANNA, name: " Dr\u0007Anna\u202e\tJones\u00a0", role: "\u200b" }, BEN, CORA, DAN]);
    const { body } = await api.call("GET", "/api/v1/users/anna");
    expect(body.name).to.equal("Dr Anna Jones");
    expect(body).not.to.have.property("role");
  });

  describe("from a file", () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "whisper-import-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    async function run(content: string | Buffer, options = {}): Promise<string> {
      const file = join(folder, "directory.json");
      await writeFile(file, content);
      const changes = {
        changed: async () => undefined,
        problems: async () => undefined,
        record: SOMEONES_RECORD,
      };
      return importFile(api.database, SETTINGS, changes, file, {
        dryRun: false,
        strict: false,
        allowMassDeactivation: false,
        ...options,
      });
    }
    const damaged = {
      users: [ANNA, { ...BEN, email: "n/a" }, CORA],
      security_groups: [group("Nurses", ["ben"])],
    };

    it("does the same and prints the problems; --strict does not", async () => {
      const printed = await run(`\ufeff${JSON.stringify(damaged)}`);
      expect(printed).to.match(/1 deactivated/);
      expect(printed).to.include("users[1].email: Must be an email address, or left out (as known)");
      const strict = await run(JSON.stringify(damaged), { strict: true }).catch(
        (error: Error) => error.message,
      );
      expect(strict).to.match(/cannot be imported. Nothing was changed.[\s\S]*users\[1\]\.email/);
    });

    it("says what would be lost", async () => {
      const printed = await run(JSON.stringify(damaged), { dryRun: true });
      expect(printed).to.match(/1 would lose AccessWhisper, 2 memberships would end/);
      const none = JSON.stringify({ users: [], security_groups: [] });
      expect(await run(none).catch((error: Error) => error.message)).to.match(
        /deactivate 4 of 4 .* --allow-mass-deactivation/,
      );
    });

    it("says what to do with other encodings", async () => {
      for (const encoding of ["utf16le", "latin1"] as const) {
        const content = Buffer.from(
          JSON.stringify({ ...damaged, users: [{ ...ANNA, name: "Zoë" }] }),
          encoding,
        );
        expect(await run(content).catch((error: Error) => error.message)).to.match(/as UTF-8/);
      }
    });
  });
});
