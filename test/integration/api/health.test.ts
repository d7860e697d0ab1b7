import { expect } from "chai";
import { Registry } from "prom-client";
import { healthRoutes } from "../../../src/api/routes/health.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

const SECRET = "Patient Zebra";

describe("health and metrics", function () {
  this.timeout(60_000);
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(() => api.close());

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
      method: "GET",
      remoteAddress,
      header: (name: string) => headers[name],
      signal: never,
    };
    return prepared.run(context).catch((problem: { status: number }) => problem);
  };

  it("is live while the process runs, and ready if every check passes", async () => {
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
    expect(await ask({ checks: { database: good, homeserver: bad } }, "/health/ready", {}, "")).to.deep.equal(
      {
        status: 503,
        body: {
          ready: false,
          checks: { database: { ok: true, value: 3 }, homeserver: { ok: false, detail: "failed" } },
        },
      },
    );
  });

  it("stops waiting for a check that never answers", async () => {
    const never = () => new Promise<never>(() => undefined);
    const answer = await ask({ checks: { homeserver: never } }, "/health/ready", {}, "");
    const checks = { homeserver: { ok: false, detail: "no answer" } };
    expect(answer).to.deep.equal({ status: 503, body: { ready: false, checks } });
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
