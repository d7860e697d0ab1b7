import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

/** Everything of the directory that bad input might have changed. */
async function everything(api: TestApi): Promise<string> {
  const { rows } = await api.database.query(
    `SELECT (SELECT json_agg(u ORDER BY username) FROM users u) AS users,
            (SELECT json_agg(g ORDER BY id) FROM security_groups g) AS groups,
            (SELECT json_agg(m ORDER BY group_id, username) FROM security_group_members m) AS members,
            (SELECT json_agg(p ORDER BY username) FROM preferences p) AS preferences,
            (SELECT json_agg(c ORDER BY username) FROM current_patients c) AS patients,
            (SELECT revision FROM directory_revision) AS revision`,
  );
  return JSON.stringify(rows);
}

const JSON_TYPE = { "content-type": "application/json" };
const user = (more: Record<string, unknown> = {}) => ({ username: "anna", name: "Anna", ...more });
const directory = (...users: unknown[]) => ({ users, security_groups: [] });
const groups = (...security_groups: unknown[]) => ({ users: [user()], security_groups });

describe("bad input", function () {
  this.timeout(30_000);
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
    const known = directory(user(), { username: "ben", name: "Ben" }, { username: "Cora", name: "Cora" });
    expect((await api.call("PUT", "/api/v1/directory", known)).status).to.equal(200);
  });
  after(() => api.close());

  const STRICT = "/api/v1/directory?strict=true";
  const cases: [string, string, string, unknown, string[]][] = [
    ["no users", "PUT", "/api/v1/directory", { security_groups: [] }, ["users"]],
    ["not an object", "PUT", "/api/v1/directory", [], [""]],
    ["null", "PUT", "/api/v1/directory", null, [""]],
    ["an unknown field of a user", "PUT", STRICT, directory(user({ nickname: "x" })), ["users[0].nickname"]],
    ["an unknown field", "PUT", "/api/v1/directory", { ...directory(), extra: 1 }, ["extra"]],
    ["a name missing", "PUT", STRICT, directory(user(), { username: "ben" }), ["users[1].name"]],
    ["a name empty", "PUT", STRICT, directory(user({ name: " " })), ["users[0].name"]],
    [
      "a place of two lines",
      "PUT",
      STRICT,
      directory(user({ locations: ["a\nb"] })),
      ["users[0].locations[0]"],
    ],
    ["a name too long", "PUT", STRICT, directory(user({ name: "x".repeat(256) })), ["users[0].name"]],
    ["a name that is a number", "PUT", STRICT, directory(user({ name: 7 })), ["users[0].name"]],
    ["an e-mail that is none", "PUT", STRICT, directory(user({ email: "anna@" })), ["users[0].email"]],
    ["a mobile too long", "PUT", STRICT, directory(user({ mobile: "1".repeat(65) })), ["users[0].mobile"]],
    ["active as text", "PUT", STRICT, directory(user({ active: "yes" })), ["users[0].active"]],
    ["locations as text", "PUT", STRICT, directory(user({ locations: "Rosebery" })), ["users[0].locations"]],
    [
      "a permission that is null",
      "PUT",
      STRICT,
      directory(user({ permissions: [null] })),
      ["users[0].permissions[0]"],
    ],
    ["a NUL in a number", "PUT", STRICT, directory(user({ mobile: "a\0b" })), ["users[0].mobile"]],
    ["a NUL in a key", "PUT", STRICT, directory(user({ "a\0": 1 })), ["users[0].a?"]],
    [
      "half a character",
      "PUT",
      STRICT,
      directory(user({ locations: ["\ud83d"] })),
      ["users[0].locations[0]"],
    ],
    ["a user name twice", "PUT", STRICT, directory(user(), user()), ["users[1].username"]],
    [
      "one account for two",
      "PUT",
      STRICT,
      directory(user(), user({ username: "Anna" })),
      ["users[1].username"],
    ],
    ["users that are null", "PUT", "/api/v1/directory", { users: null, security_groups: [] }, ["users"]],
    ["users that are one", "PUT", "/api/v1/directory", { users: user(), security_groups: [] }, ["users"]],
    [
      "more users than any practice has",
      "PUT",
      "/api/v1/directory",
      directory(...Array.from({ length: 20_001 }, () => 1)),
      ["users"],
    ],
    [
      "a user name kept for groups",
      "PUT",
      STRICT,
      directory(user({ username: "grp_x" })),
      ["users[0].username"],
    ],
    [
      "a user name too long",
      "PUT",
      STRICT,
      directory(user({ username: "é".repeat(100) })),
      ["users[0].username"],
    ],
    [
      "a member who is nobody",
      "PUT",
      STRICT,
      groups({ id: "g", name: "G", members: ["anna", "zoe"] }),
      ["security_groups[0].members[1]"],
    ],
    [
      "a member who is not sent",
      "PUT",
      STRICT,
      groups({ id: "g", name: "G", members: ["ben"] }),
      ["security_groups[0].members[0]"],
    ],
    [
      "a group twice",
      "PUT",
      STRICT,
      groups({ id: "g", name: "G" }, { id: "g", name: "G" }),
      ["security_groups[1].id"],
    ],
    ["an unknown parameter", "PUT", "/api/v1/directory?dryrun=true", directory(user()), ["dryrun"]],
    ["a flag that is none", "PUT", "/api/v1/directory?dry_run=1", directory(user()), ["dry_run"]],
    [
      "a parameter twice",
      "PUT",
      "/api/v1/directory?dry_run=true&dry_run=true",
      directory(user()),
      ["dry_run"],
    ],
    ["another name than in the address", "PUT", "/api/v1/users/ben", user(), ["username"]],
    [
      "an e-mail that is none, of one user",
      "PUT",
      "/api/v1/users/ben",
      { name: "Ben", email: "n/a" },
      ["email"],
    ],
    ["a NUL in the address", "PUT", "/api/v1/users/a%00b", { name: "A" }, ["username", "username"]],
    ["a blank user name", "PUT", "/api/v1/users/%20", { name: "A" }, ["username"]],
    ["a group id too long", "PUT", `/api/v1/security-groups/${"x".repeat(256)}`, { name: "G" }, ["id"]],
    [
      "a group of nobodies",
      "PUT",
      "/api/v1/security-groups/g",
      { name: "G", members: ["zoe"] },
      ["members[0]"],
    ],
    ["a limit that is no number", "GET", "/api/v1/users?limit=ten", undefined, ["limit"]],
    ["a limit too large", "GET", "/api/v1/users?limit=1001", undefined, ["limit"]],
    ["a limit of nothing", "GET", "/api/v1/users?limit=0", undefined, ["limit"]],
    ["a limit below nothing", "GET", "/api/v1/users?limit=-1", undefined, ["limit"]],
    ["a limit beyond all numbers", "GET", `/api/v1/users?limit=${"9".repeat(400)}`, undefined, ["limit"]],
    ["a cursor of nobody's", "GET", "/api/v1/users?cursor=abc", undefined, ["cursor"]],
    [
      "a cursor of another kind",
      "GET",
      `/api/v1/users?cursor=${Buffer.from("[1]").toString("base64url")}`,
      undefined,
      ["cursor"],
    ],
    [
      "a cursor with a NUL",
      "GET",
      `/api/v1/users?cursor=${Buffer.from('["\\u0000"]').toString("base64url")}`,
      undefined,
      ["cursor"],
    ],
    ["a NUL to look for", "GET", "/api/v1/users?query=%00", undefined, ["query"]],
    [
      "alerts of no such kind",
      "PATCH",
      "/api/v1/users/anna/preferences",
      { patient_arrived_alerts: "some" },
      ["patient_arrived_alerts"],
    ],
    ["a setting that is unknown", "PATCH", "/api/v1/users/anna/preferences", { loud: true }, ["loud"]],
    ["a patient of no id", "PUT", "/api/v1/users/anna/current-patient", { patient_id: "" }, ["patient_id"]],
    ["a body where none is taken", "POST", "/api/v1/users/anna/sign-in", { now: true }, ["now"]],
    ["nobody to act for", "POST", "/api/v1/conversations", { users: ["ben"] }, ["as"]],
    [
      "a moment without offset",
      "POST",
      "/api/v1/alerts",
      { text: "x", expires_at: "2026-03-02T09:30:00" },
      ["expires_at"],
    ],
    [
      "a day that is none",
      "POST",
      "/api/v1/alerts",
      { text: "x", expires_at: "2026-02-30T09:30:00Z" },
      ["expires_at"],
    ],
    [
      "an alert whose time is over",
      "POST",
      "/api/v1/alerts",
      { text: "x", expires_at: new Date(Date.now() - 1_000).toISOString() },
      ["expires_at"],
    ],
    [
      "a year that is none",
      "POST",
      "/api/v1/alerts",
      { text: "x", expires_at: "0000-01-01T00:00:00Z" },
      ["expires_at"],
    ],
  ];
  for (const [title, method, path, body, paths] of cases) {
    it(`${title}: 400 with its path, and nothing changes`, async () => {
      const before = await everything(api);
      api.changes.splice(0);
      const answer = await api.call(method, path, body);
      expect(answer.status, answer.text).to.equal(400);
      expect(answer.headers.get("content-type")).to.match(/^application\/problem\+json/);
      expect(answer.body).to.include.keys("type", "title", "status", "detail", "errors");
      expect(answer.body.status).to.equal(400);
      expect(answer.body.errors.map((error: { path: string }) => error.path)).to.deep.equal(paths);
      for (const { message } of answer.body.errors) expect(message).to.be.a("string").that.is.not.empty;
      expect(await everything(api)).to.equal(before);
      expect(api.changes).to.deep.equal([]);
    });
  }

  it("lists everything that is wrong at once, but no more than a hundred", async () => {
    const two = await api.call("PUT", STRICT, directory(user({ name: 1, email: "?" })));
    expect(two.body.errors.map((error: { path: string }) => error.path)).to.deep.equal([
      "users[0].name",
      "users[0].email",
    ]);
    const many = await api.call("PUT", STRICT, directory(...Array.from({ length: 500 }, () => ({}))));
    expect(many.body.errors).to.have.length(100);
    expect(many.body.detail).to.match(/^50\d things/);
  });

  it("never repeats what was sent", async () => {
    const secret = "Patient Zebra";
    const answers = await Promise.all([
      api.call("PUT", STRICT, directory(user({ email: secret, active: secret, locations: secret }))),
      api.raw({ method: "PUT", path: "/api/v1/directory", headers: JSON_TYPE, body: `{"users": ${secret}` }),
      api.call("PUT", `/api/v1/users/${encodeURIComponent(secret)}`, { name: 1 }),
      api.call("GET", `/api/v1/users/${encodeURIComponent(secret)}`),
      api.call("GET", `/api/v1/users?limit=${encodeURIComponent(secret)}`),
    ]);
    for (const answer of answers) {
      expect(answer.status).to.be.within(400, 404);
      expect(answer.text).not.to.include("Zebra");
    }
    expect(api.lines.join("")).not.to.include("Zebra");
  });

  const raw: [
    string,
    { method: string; path: string; headers?: Record<string, string>; body?: string | Buffer },
    number,
  ][] = [
    [
      "JSON that is broken",
      { method: "PUT", path: "/api/v1/directory", headers: JSON_TYPE, body: '{"users": [' },
      400,
    ],
    ["no JSON at all", { method: "PUT", path: "/api/v1/directory", headers: JSON_TYPE, body: "" }, 400],
    [
      "bytes that are no UTF-8",
      { method: "PUT", path: "/api/v1/directory", headers: JSON_TYPE, body: Buffer.from([0x22, 0xff, 0x22]) },
      400,
    ],
    [
      "brackets a million deep",
      {
        method: "PUT",
        path: "/api/v1/directory",
        headers: JSON_TYPE,
        body: "[".repeat(500_000) + "]".repeat(500_000),
      },
      400,
    ],
    [
      "brackets deep in a field",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: JSON_TYPE,
        body: `{"name":"A","locations":${"[".repeat(400_000)}"\\u0000"${"]".repeat(400_000)}}`,
      },
      400,
    ],
    [
      "a prototype as a field",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: JSON_TYPE,
        body: '{"name":"A","__proto__":{"active":false}}',
      },
      400,
    ],
    [
      "text",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: { "content-type": "text/plain" },
        body: '{"name":"A"}',
      },
      415,
    ],
    ["no type", { method: "PUT", path: "/api/v1/users/anna", body: '{"name":"A"}' }, 415],
    [
      "a form",
      {
        method: "POST",
        path: "/api/v1/alerts",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: "text=x",
      },
      415,
    ],
    [
      "UTF-16",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: { "content-type": "application/json; charset=utf-16" },
        body: Buffer.from('{"name":"A"}', "utf16le"),
      },
      415,
    ],
    [
      "an encoding that is unknown",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: { ...JSON_TYPE, "content-encoding": "lzma" },
        body: "x",
      },
      415,
    ],
    [
      "gzip that is none",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: { ...JSON_TYPE, "content-encoding": "gzip" },
        body: "x",
      },
      400,
    ],
    [
      "more than 1 MB",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: JSON_TYPE,
        body: `{"name":"${"x".repeat(1024 * 1024)}"}`,
      },
      413,
    ],
    [
      "more than 1 MB after unpacking",
      {
        method: "PUT",
        path: "/api/v1/users/anna",
        headers: { ...JSON_TYPE, "content-encoding": "gzip" },
        body: gzipSync("x".repeat(2 * 1024 * 1024)),
      },
      413,
    ],
    [
      "more than 16 MB of directory",
      {
        method: "PUT",
        path: "/api/v1/directory",
        headers: JSON_TYPE,
        body: " ".repeat(16 * 1024 * 1024 + 1),
      },
      413,
    ],
    ["percent signs that are none", { method: "GET", path: "/api/v1/users/%zz" }, 400],
    ["percent signs that are no UTF-8", { method: "GET", path: "/api/v1/users/%ff" }, 400],
    ["percent signs in the query", { method: "GET", path: "/api/v1/users?query=%zz" }, 400],
    ["an address that is unknown", { method: "GET", path: "/api/v1/nothing" }, 404],
    ["an address of another case", { method: "GET", path: "/API/v1/users" }, 404],
    ["an address with a slash too many", { method: "GET", path: "/api/v1/users/" }, 404],
    ["a user who is unknown", { method: "GET", path: "/api/v1/users/zoe" }, 404],
    [
      "a key of idempotency that is none",
      {
        method: "POST",
        path: "/api/v1/alerts",
        headers: { ...JSON_TYPE, "idempotency-key": "a b" },
        body: '{"text":"x"}',
      },
      400,
    ],
    ["a method that is unknown here", { method: "DELETE", path: "/api/v1/directory" }, 405],
    ["a method that is unknown", { method: "PROPFIND", path: "/api/v1/users/anna" }, 405],
  ];
  for (const [title, request, status] of raw) {
    it(`${title}: ${status}`, async () => {
      const before = await everything(api);
      const answer = await api.raw(request);
      expect(answer.status, answer.text).to.equal(status);
      expect(answer.headers.get("content-type")).to.match(/^application\/problem\+json/);
      if (status === 405) expect(answer.headers.get("allow")).to.match(/PUT/);
      expect(await everything(api)).to.equal(before);
    });
  }

  it("bounds what a request can cost that is wrong everywhere", async () => {
    const put = (path: string, body: string) => api.raw({ method: "PUT", path, headers: JSON_TYPE, body });
    const directory = STRICT;
    const megabytes = (piece: string, size: number) =>
      piece.repeat(Math.floor((size * 1024 * 1024) / piece.length) - 20);
    const attacks: [string, string][] = [
      [directory, `{"security_groups":[],"users":[${megabytes("{},", 15)}{}]}`],
      [directory, `{"security_groups":[],"users":[${megabytes("{},", 0.25)}{}]}`],
      [
        directory,
        `{"security_groups":[],"users":[{"username":"a","name":"a","permissions":[${megabytes("1,", 15)}1]}]}`,
      ],
      [
        directory,
        `{"users":[],"security_groups":[{"id":"a","name":"a","members":[${megabytes("1,", 0.15)}1]}]}`,
      ],
      [
        directory,
        `{"users":[],"security_groups":[${`{"id":"a","name":"a","members":[${megabytes("1,", 0.15)}1]},`.repeat(90)}{}]}`,
      ],
      [directory, `{${Array.from({ length: 900_000 }, (_, index) => `"${index}":1,`).join("")}"users":[]}`],
      [directory, `{"users":[${"[".repeat(400_000)}${megabytes('"\\u0000",', 5)}1${"]".repeat(400_000)}]}`],
      ["/api/v1/users/anna", `{"name":"A","locations":[${megabytes("1,", 0.9)}1]}`],
    ];
    for (const [index, [path, body]] of attacks.entries()) {
      const answer = await put(path, body);
      expect(answer.status, `${index} ${answer.text.slice(0, 200)}`).to.equal(400);
      expect(answer.body.errors).to.have.length.within(1, 100);
    }
  });

  it("takes 16 MB of directory, packed too", async () => {
    const body = `${JSON.stringify(directory(user()))}${" ".repeat(15 * 1024 * 1024)}`;
    const path = "/api/v1/directory?dry_run=true";
    expect((await api.raw({ method: "PUT", path, headers: JSON_TYPE, body })).status).to.equal(200);
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await api.raw({ method: "PUT", path, headers, body: gzipSync(body) })).status).to.equal(200);
  });

  it("goes on serving the same connection after a body that was refused", async () => {
    const refused = await api.call("PUT", "/api/v1/users/anna", { name: "x".repeat(3 * 1024 * 1024) });
    expect(refused.status).to.equal(413);
    expect((await api.call("GET", "/api/v1/users/anna")).status).to.equal(200);
  });

  it("finds a user by a name of any characters", async () => {
    for (const name of ["o'brien/smith", "名前", "a%2Fb", "a b?c#d", "..x", "50%", "a\\b", "+"]) {
      const path = `/api/v1/users/${encodeURIComponent(name)}`;
      const put = await api.call("PUT", path, { name: "N" });
      expect(put.status, `${name}: ${put.text}`).to.equal(200);
      expect((await api.call("GET", path)).body.username).to.equal(name);
    }
  });
});
