import { expect } from "chai";
import type { TestApi } from "../../support/http/api.ts";
import {
  directory,
  everything,
  groups,
  STRICT,
  startKnownPractice,
  user,
} from "../../support/http/known-practice.ts";

describe("bad fields", function () {
  this.timeout(30_000);
  let api: TestApi;
  before(async () => {
    api = await startKnownPractice();
  });
  after(() => api.close());

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
    ["an email that is none", "PUT", STRICT, directory(user({ email: "anna@" })), ["users[0].email"]],
    ["a mobile too long", "PUT", STRICT, directory(user({ mobile: "1".repeat(65) })), ["users[0].mobile"]],
    ["active as text", "PUT", STRICT, directory(user({ active: "yes" })), ["users[0].active"]],
    ["locations as text", "PUT", STRICT, directory(user({ locations: "Rosebery" })), ["users[0].locations"]],
    [
      "a permission that is a number",
      "PUT",
      STRICT,
      directory(user({ permissions: [7] })),
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
      "an email that is none, of one user",
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
});
