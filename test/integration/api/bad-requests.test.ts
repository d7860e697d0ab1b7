import { gzipSync } from "node:zlib";
import { expect } from "chai";
import type { TestApi } from "../../support/http/api.ts";
import {
  directory,
  everything,
  JSON_TYPE,
  STRICT,
  startKnownPractice,
  user,
} from "../../support/http/known-practice.ts";

describe("bad requests", function () {
  this.timeout(30_000);
  let api: TestApi;
  before(async () => {
    api = await startKnownPractice();
  });
  after(() => api.close());

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

  it("bounds the cost of a request with errors everywhere", async () => {
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

  it("accepts a directory of 16 MB, also compressed", async () => {
    const body = `${JSON.stringify(directory(user()))}${" ".repeat(15 * 1024 * 1024)}`;
    const path = "/api/v1/directory?dry_run=true";
    expect((await api.raw({ method: "PUT", path, headers: JSON_TYPE, body })).status).to.equal(200);
    const headers = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await api.raw({ method: "PUT", path, headers, body: gzipSync(body) })).status).to.equal(200);
  });

  it("keeps serving the same connection after a refused body", async () => {
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
