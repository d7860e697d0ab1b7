import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { z } from "zod";
import { type Route, route, writeRoute } from "../../../src/api/kernel/route.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

const SECRET = "Patient Zebra";

describe("the route kernel", function () {
  this.timeout(60_000);
  let api: TestApi;
  let failure: () => unknown = () => undefined;
  let tries = 0;
  let ended = 0;

  const get = (path: string, handler: Parameters<typeof plain>[1]) => plain(path, handler);
  const plain = (
    path: string,
    handler: (
      signal: AbortSignal,
    ) => Promise<
      | { status: 200; content?: never }
      | { status: 200; content: { type: string; data: string | AsyncIterable<string> } }
    >,
  ): Route =>
    route({
      method: "GET",
      path,
      scope: "users:read",
      tag: "Test",
      summary: "Test",
      responses: { 200: { description: "ok", contentType: "text/plain" } },
      handler: (_input, { signal }) => handler(signal),
    });

  async function* ticks(signal: AbortSignal) {
    try {
      for (let index = 0; !signal.aborted; index += 1) {
        yield `tick ${index}\n`;
        await wait(10);
      }
    } finally {
      ended += 1;
    }
  }
  async function* brokenOff() {
    yield "half";
    throw new Error(SECRET);
  }

  before(async () => {
    api = await startTestApi({
      extraRoutes: [
        writeRoute({
          method: "PUT",
          path: "/api/v1/test",
          scope: "users:write",
          tag: "Test",
          summary: "Fail",
          body: z.strictObject({ text: z.string() }),
          responses: { 204: { description: "ok" } },
          handler: async (_input, { tx }) => {
            tries += 1;
            await tx.query("UPDATE directory_revision SET revision = revision + 100");
            await failure();
            return { status: 204 };
          },
        }),
        get("/api/v1/ticks", async (signal) => ({
          status: 200,
          content: { type: "text/event-stream", data: ticks(signal) },
        })),
        get("/api/v1/broken", async () => ({
          status: 200,
          content: { type: "text/plain", data: brokenOff() },
        })),
        get("/api/v1/slow", async () => {
          await wait(100);
          return { status: 200, content: { type: "text/plain", data: "slow" } };
        }),
      ],
    });
  });
  beforeEach(() => {
    failure = () => undefined;
    tries = ended = 0;
    api.lines.splice(0);
  });
  after(() => api.close());

  const revision = async () =>
    Number((await api.database.query("SELECT revision FROM directory_revision")).rows[0]?.revision);
  const fail = (how: () => unknown) => {
    failure = how;
    return api.call("PUT", "/api/v1/test", { text: SECRET });
  };
  const sqlState = (code: string) => () => {
    throw Object.assign(new Error(`said of ${SECRET}`), { code, detail: SECRET });
  };

  it("answers an unexpected error with a bare 500, and changes nothing", async () => {
    const before = await revision();
    const answer = await fail(() => {
      throw new Error(`broken by ${SECRET}`);
    });
    expect(answer.status).to.equal(500);
    expect(answer.body).to.deep.equal({
      type: "urn:whisper:problem:internal",
      title: "Something went wrong inside Whisper",
      status: 500,
      detail: "The error has been logged.",
    });
    expect(await revision()).to.equal(before);
    const line = api.lines.map((each) => JSON.parse(each)).find((each) => each.level === 50);
    expect(line).to.include({ method: "PUT", route: "/api/v1/test" });
    expect(line.error.stack[0]).to.match(/^at /);
    expect(api.lines.join("")).not.to.include("Zebra");
  });

  for (const [title, code, status] of [
    ["a database that is shutting down", "57P01", 503],
    ["a database that has no connection left", "53300", 503],
    ["a database that went away", "ECONNRESET", 503],
    ["a lock that is not given", "55P03", 503],
    ["a statement that takes too long", "57014", 503],
    ["a value that the database refuses", "22P05", 400],
    ["a constraint that we broke", "23505", 500],
  ] as const) {
    it(`answers ${title} with ${status}`, async () => {
      const answer = await fail(sqlState(code));
      expect(answer.status).to.equal(status);
      if (status === 503) expect(Number(answer.headers.get("retry-after"))).to.be.at.least(1);
      expect(answer.text + api.lines.join("")).not.to.include("Zebra");
    });
  }

  it("tries a transaction at most three times after deadlocks", async () => {
    const before = await revision();
    expect((await fail(() => (tries < 3 ? sqlState("40P01")() : undefined))).status).to.equal(204);
    expect(tries).to.equal(3);
    expect(await revision()).to.equal(before + 100);
    tries = 0;
    expect((await fail(sqlState("40001"))).status).to.equal(503);
    expect(tries).to.equal(3);
  });

  it("survives a real deadlock", async () => {
    await api.database.query(
      "CREATE TABLE two (id integer PRIMARY KEY, n integer); INSERT INTO two VALUES (1, 0), (2, 0)",
    );
    let locked = 0;
    const bothLocked = Promise.withResolvers<void>();
    const crossed = (first: number, second: number): Route =>
      writeRoute({
        method: "PUT",
        path: `/api/v1/cross/${first}`,
        scope: "users:write",
        tag: "Test",
        summary: "Lock",
        responses: { 204: { description: "ok" } },
        handler: async (_input, { tx }) => {
          await tx.query("UPDATE two SET n = n + 1 WHERE id = $1", [first]);
          locked += 1;
          if (locked === 2) bothLocked.resolve();
          await bothLocked.promise;
          await tx.query("UPDATE two SET n = n + 1 WHERE id = $1", [second]);
          return { status: 204 };
        },
      });
    const crossing = await startTestApi({
      database: api.database,
      extraRoutes: [crossed(1, 2), crossed(2, 1)],
    });
    try {
      const answers = await Promise.all([
        crossing.call("PUT", "/api/v1/cross/1"),
        crossing.call("PUT", "/api/v1/cross/2"),
      ]);
      expect(answers.map((answer) => answer.status)).to.deep.equal([204, 204]);
      expect((await api.database.query("SELECT n FROM two")).rows).to.deep.equal([{ n: 2 }, { n: 2 }]);
    } finally {
      await crossing.close();
    }
  });

  it("tells browsers not to cache, frame or sniff anything", async () => {
    for (const path of [
      "/api/v1/users",
      "/api/v1/nothing",
      "/api/v1/users/%zz",
      "/health/live",
      "/openapi.json",
    ]) {
      const { headers } = await api.raw({ method: "GET", path });
      expect(headers.get("cache-control"), path).to.equal("no-store");
      expect(headers.get("x-content-type-options")).to.equal("nosniff");
      expect(headers.get("x-frame-options")).to.equal("DENY");
      expect(headers.get("content-security-policy")).to.include("default-src 'none'");
      expect(headers.get("x-powered-by")).to.equal(null);
      expect(headers.get("etag")).to.equal(null);
    }
  });

  it("answers HEAD like GET, without the body", async () => {
    const head = await api.call("HEAD", "/api/v1/users");
    expect([head.status, head.text]).to.deep.equal([200, ""]);
    expect((await api.call("HEAD", "/api/v1/users/zoe")).status).to.equal(404);
    expect((await api.call("HEAD", "/api/v1/ticks")).status).to.equal(200);
  });

  it("streams, and ends the source when the reader disconnects", async () => {
    const stop = new AbortController();
    const response = await fetch(`${api.url}/api/v1/ticks`, {
      headers: { authorization: `Bearer ${api.key}` },
      signal: stop.signal,
    });
    expect(response.headers.get("content-type")).to.match(/^text\/event-stream/);
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).to.include("tick 0");
    stop.abort();
    await eventually("the source to end", async () => ended === 1);
  });

  it("closes the connection if a stream fails, so that half an answer is not mistaken for a whole one", async () => {
    const response = await fetch(`${api.url}/api/v1/broken`, {
      headers: { authorization: `Bearer ${api.key}` },
    });
    const text = await response.text().catch((error: unknown) => error);
    expect(text).to.be.an.instanceOf(Error);
    expect(api.lines.join("")).not.to.include("Zebra");
  });

  it("logs each request by its pattern, without names, keys or bodies", async () => {
    await api.call("PUT", "/api/v1/users/zebra%20jones", { name: SECRET, mobile: "0499 999 999" });
    await api.call("GET", "/api/v1/users?query=zebra");
    await api.call("PATCH", "/api/v1/users/zebra%20jones/preferences", { zebra: 1 });
    const aborted = fetch(`${api.url}/api/v1/slow`, {
      headers: { authorization: `Bearer ${api.key}` },
      signal: AbortSignal.timeout(30),
    });
    await aborted.catch(() => undefined);
    await eventually("the request that was cut off to be logged", async () => api.lines.length === 4);
    const lines = api.lines.map((line) => JSON.parse(line));
    expect(lines.map(({ method, route: pattern, status }) => [method, pattern, status])).to.deep.equal([
      ["PUT", "/api/v1/users/{username}", 200],
      ["GET", "/api/v1/users", 200],
      ["PATCH", "/api/v1/users/{username}/preferences", 400],
      ["GET", "/api/v1/slow", 200],
    ]);
    for (const line of lines) expect(line.ms).to.be.a("number");
    expect(lines.at(-1)).to.include({ cut_off: true });
    // Any number may be in the time.
    expect(api.lines.join("").replaceAll(/"time":\d+/g, "")).not.to.match(/zebra|0499|whk_/i);
  });
});
