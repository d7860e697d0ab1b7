import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { Registry } from "prom-client";
import { z } from "zod";
import { type Route, route, writeRoute } from "../../../src/api/kernel/route.ts";
import { healthRoutes } from "../../../src/api/routes/health.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { ownPostgres } from "../../support/database/postgres.ts";
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

  it("answers what is unexpected with a bare 500, and changes nothing", async () => {
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

  it("tries a transaction again that met a deadlock, three times at most", async () => {
    const before = await revision();
    expect((await fail(() => (tries < 3 ? sqlState("40P01")() : undefined))).status).to.equal(204);
    expect(tries).to.equal(3);
    expect(await revision()).to.equal(before + 100);
    tries = 0;
    expect((await fail(sqlState("40001"))).status).to.equal(503);
    expect(tries).to.equal(3);
  });

  it("meets a real deadlock and gets out of it", async () => {
    await api.database.query(
      "CREATE TABLE two (id integer PRIMARY KEY, n integer); INSERT INTO two VALUES (1, 0), (2, 0)",
    );
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
          await wait(100);
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

  it("says to browsers that nothing is to be kept, framed or guessed", async () => {
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

  it("answers HEAD as GET, without the body", async () => {
    const head = await api.call("HEAD", "/api/v1/users");
    expect([head.status, head.text]).to.deep.equal([200, ""]);
    expect((await api.call("HEAD", "/api/v1/users/zoe")).status).to.equal(404);
    expect((await api.call("HEAD", "/api/v1/ticks")).status).to.equal(200);
  });

  it("streams, and ends the source when the reader goes away", async () => {
    const stop = new AbortController();
    const response = await fetch(`${api.url}/api/v1/ticks`, {
      headers: { authorization: `Bearer ${api.key}` },
      signal: stop.signal,
    });
    expect(response.headers.get("content-type")).to.match(/^text\/event-stream/);
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).to.include("tick 0");
    stop.abort();
    for (let waited = 0; ended === 0 && waited < 2_000; waited += 10) await wait(10);
    expect(ended).to.equal(1);
  });

  it("breaks the connection off when a stream breaks, so that half is not taken for the whole", async () => {
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
    await wait(200);
    const lines = api.lines.map((line) => JSON.parse(line));
    expect(lines.map(({ method, route: pattern, status }) => [method, pattern, status])).to.deep.equal([
      ["PUT", "/api/v1/users/{username}", 200],
      ["GET", "/api/v1/users", 200],
      ["PATCH", "/api/v1/users/{username}/preferences", 400],
      ["GET", "/api/v1/slow", 200],
    ]);
    for (const line of lines) expect(line.ms).to.be.a("number");
    expect(lines.at(-1)).to.include({ cut_off: true });
    expect(api.lines.join("")).not.to.match(/zebra|0499|whk_/i);
  });

  describe("health and metrics", () => {
    const health = (parts: Partial<Parameters<typeof healthRoutes>[0]>) =>
      healthRoutes({ checks: {}, metrics: new Registry(), ...parts });
    const ask = async (
      parts: Partial<Parameters<typeof healthRoutes>[0]>,
      path: string,
      headers: Record<string, string>,
      remoteAddress: string,
    ) => {
      const found = health(parts).find((each) => each.path === path);
      const prepared = found?.prepare({ params: {}, query: {}, body: {} });
      if (prepared?.effects !== "outside") throw new Error("no such route");
      const never = new AbortController().signal;
      const context = {
        caller: null,
        log: {} as never,
        remoteAddress,
        header: (name: string) => headers[name],
        signal: never,
      };
      return prepared.run(context).catch((problem: { status: number }) => problem);
    };

    it("is alive while the process runs, and ready when every check says so", async () => {
      expect((await api.call("GET", "/health/live", undefined, { authorization: "" })).body).to.deep.equal({
        live: true,
      });
      const good = async () => ({ ok: true, value: 3 });
      expect(await ask({ checks: { database: good } }, "/health/ready", {}, "")).to.deep.equal({
        status: 200,
        body: { ready: true, checks: { database: { ok: true, value: 3 } } },
      });
      const bad = async () => {
        throw new Error(SECRET);
      };
      expect(
        await ask({ checks: { database: good, homeserver: bad } }, "/health/ready", {}, ""),
      ).to.deep.equal({
        status: 503,
        body: {
          ready: false,
          checks: { database: { ok: true, value: 3 }, homeserver: { ok: false, detail: "failed" } },
        },
      });
    });

    it("does not wait for a check for ever", async () => {
      const never = () => new Promise<never>(() => undefined);
      const started = performance.now();
      expect(await ask({ checks: { homeserver: never } }, "/health/ready", {}, "")).to.include({
        status: 503,
      });
      expect(performance.now() - started).to.be.within(4_000, 8_000);
    });

    const metrics: [string, string | undefined, Record<string, string>, string, number][] = [
      ["this machine, no token set", undefined, {}, "127.0.0.1", 200],
      ["this machine, IPv6", undefined, {}, "::1", 200],
      ["this machine, IPv4 in IPv6", undefined, {}, "::ffff:127.0.0.1", 200],
      ["another machine", undefined, {}, "10.0.0.7", 403],
      [
        "another machine that says it is this one",
        undefined,
        { "x-forwarded-for": "127.0.0.1", forwarded: "for=127.0.0.1" },
        "10.0.0.7",
        403,
      ],
      ["no address", undefined, {}, "", 403],
      ["the token", "m3trics", { authorization: "Bearer m3trics" }, "10.0.0.7", 200],
      ["another token", "m3trics", { authorization: "Bearer m3tricsx" }, "127.0.0.1", 401],
      ["no token", "m3trics", {}, "127.0.0.1", 401],
    ];
    for (const [title, metricsToken, headers, address, status] of metrics) {
      it(`gives metrics to ${title}: ${status}`, async () => {
        const parts = metricsToken === undefined ? {} : { metricsToken };
        expect(await ask(parts, "/metrics", headers, address)).to.include({ status });
      });
    }
  });

  it("answers 503 while the database is down, and goes on when it is back", async () => {
    const server = await ownPostgres();
    const database = openDatabase({ url: server.url });
    await migrate(database);
    const down = await startTestApi({ database });
    try {
      expect((await down.call("PUT", "/api/v1/users/anna", { name: "Anna" })).status).to.equal(200);
      await server.stop();
      for (const [method, path, body] of [
        ["PUT", "/api/v1/users/ben", { name: "Ben" }],
        ["GET", "/api/v1/users/anna", undefined],
        ["POST", "/api/v1/users/anna/sign-in", undefined],
        ["PUT", "/api/v1/directory", { users: [], security_groups: [] }],
      ] as const) {
        const answer = await down.call(method, path, body, { "idempotency-key": "k" });
        expect(answer.status, `${method} ${path}`).to.equal(503);
        expect(answer.headers.get("retry-after")).to.equal("5");
        expect(answer.body.type).to.equal("urn:whisper:problem:unavailable");
      }
      expect((await down.call("GET", "/health/live")).status).to.equal(200);
      await server.startAgain();
      expect((await down.call("PUT", "/api/v1/users/ben", { name: "Ben" })).status).to.equal(200);
      expect((await down.call("GET", "/api/v1/users/anna")).status).to.equal(200);
    } finally {
      await down.close();
      await database.close().catch(() => undefined);
      await server.stop();
    }
  });
});
