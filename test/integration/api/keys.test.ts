import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { keyRing } from "../../../src/api/kernel/key-ring.ts";
import { createApiKey, listApiKeys, revokeApiKey } from "../../../src/api/kernel/keys.ts";
import { Problem } from "../../../src/api/kernel/problem.ts";
import { ALL_SCOPES } from "../../../src/api/kernel/scopes.ts";
import { listenToDatabase } from "../../../src/store/notifications.ts";
import { productRoutes, startTestApi, type TestApi } from "../../support/http/api.ts";

const REMEMBERED = 200;

describe("API keys", () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ rateLimit: { requests: 2_000, windowMs: 60_000 } });
    await api.call("PUT", "/api/v1/users/anna", { name: "Anna" });
  });
  after(() => api.close());

  const withKey = (key: string, method = "GET", path = "/api/v1/users", body?: unknown) =>
    api.call(method, path, body, { authorization: `Bearer ${key}` });

  it("are stored as a digest, and listed without it", async () => {
    const { key, id } = await createApiKey(api.database, { name: "HealthTrack", scopes: ["users:read"] });
    expect(key).to.match(/^whk_[0-9a-f]{12}_[\w-]{43}$/);
    const { rows } = await api.database.query("SELECT * FROM api_keys");
    expect(JSON.stringify(rows)).not.to.include(key.slice(-43));
    expect(await listApiKeys(api.database)).to.deep.include.members([
      {
        id,
        name: "HealthTrack",
        scopes: ["users:read"],
        createdAt: rows.find((row) => row.id === id)?.created_at,
        revokedAt: null,
      },
    ]);
    expect(JSON.stringify(await listApiKeys(api.database))).not.to.include("digest");
  });

  it("have unique names", async () => {
    await createApiKey(api.database, { name: "twice", scopes: [] });
    const again = await createApiKey(api.database, { name: "twice", scopes: [] }).catch(
      (error: unknown) => error,
    );
    expect(String(again)).to.match(/There is already an API key named twice/);
  });

  it("free their name when they are revoked", async () => {
    const { id } = await createApiKey(api.database, { name: "Reception", scopes: [] });
    for (const by of [id, "Reception"]) {
      expect(await revokeApiKey(api.database, by)).to.equal(true);
      await createApiKey(api.database, { name: " Reception ", scopes: [] });
    }
    const named = (await listApiKeys(api.database)).filter(({ name }) => name === "Reception");
    expect(named.map(({ revokedAt }) => revokedAt === null)).to.deep.equal([false, false, true]);
    // Of two simultaneous calls, one makes the key.
    const made = await Promise.allSettled(
      [1, 2].map(() => createApiKey(api.database, { name: "At once", scopes: [] })),
    );
    expect(made.map(({ status }) => status).sort()).to.deep.equal(["fulfilled", "rejected"]);
  });

  for (const name of ["", "  ", "a\nb", "a\tb", "red \u001b[31m", "a\u202eb", "\u200b", "x".repeat(101)]) {
    it(`are not created without a readable name: ${JSON.stringify(name.slice(0, 12))}`, async () => {
      const error = await createApiKey(api.database, { name, scopes: [] }).catch((thrown: unknown) => thrown);
      expect(String(error)).to.contain("such as HealthTrack");
    });
  }

  const wrong: [string, string | undefined][] = [
    ["no header", undefined],
    ["nothing", ""],
    ["another kind", "Basic d2hrOng="],
    ["a bearer of nothing", "Bearer "],
    ["no key of ours", "Bearer secret"],
    ["a key that does not exist", `Bearer whk_000000000000_${"A".repeat(43)}`],
    ["two keys", "Bearer a b"],
  ];
  for (const [title, authorization] of wrong) {
    it(`refuses ${title}: 401`, async () => {
      const response = await fetch(`${api.url}/api/v1/users`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      expect(response.status).to.equal(401);
      expect(response.headers.get("www-authenticate")).to.match(/^Bearer/);
      expect(await response.json()).to.include({ status: 401 });
    });
  }

  it("refuse another secret with the same id", async () => {
    const changed = `${api.key.slice(0, -1)}${api.key.endsWith("A") ? "B" : "A"}`;
    expect((await withKey(api.key)).status).to.equal(200);
    expect((await withKey(changed)).status).to.equal(401);
  });

  it("are refused within seconds of being revoked, by name or by id", async () => {
    for (const by of ["name", "id"] as const) {
      const made = { name: `to be revoked by ${by}`, scopes: "all" as const };
      const { key, id } = await createApiKey(api.database, made);
      expect((await withKey(key)).status).to.equal(200);
      expect(await revokeApiKey(api.database, by === "id" ? id : made.name)).to.equal(true);
      expect(await revokeApiKey(api.database, id)).to.equal(false);
      await wait(REMEMBERED + 50);
      expect((await withKey(key)).status).to.equal(401);
    }
  });

  it("are refused as soon as their revocation is announced, even if they are cached for long", async () => {
    const { database } = api;
    const { connectionString = "" } = database.pool.options;
    const news = await listenToDatabase(connectionString, ["whisper_api_key"], () => undefined, 10_000);
    try {
      const ring = keyRing(database, { news, rememberMs: 3_600_000 });
      const { key } = await createApiKey(database, { name: "announced", scopes: "all" });
      const call = () => ring.callerOf(`Bearer ${key}`);
      expect((await call()).keyName).to.equal("announced");
      const announced = new Promise((resolve) => news.on("whisper_api_key", resolve));
      await revokeApiKey(database, "announced");
      await announced;
      expect(await call().catch((error: unknown) => error)).to.be.instanceOf(Problem);
    } finally {
      await news.close();
    }
  });

  it("are looked up once for a burst of requests", async () => {
    const { key } = await createApiKey(api.database, { name: "burst", scopes: "all" });
    await withKey(key);
    // Whatever the database says now, the remembered key is accepted until it is forgotten.
    await api.database.query("UPDATE api_keys SET digest = '\\x00' WHERE name = 'burst'");
    expect((await withKey(key)).status).to.equal(200);
    await wait(REMEMBERED + 50);
    // A digest of the wrong length does not cause a 500.
    expect((await withKey(key)).status).to.equal(401);
  });

  describe("of every route", () => {
    for (const route of productRoutes({} as never)) {
      if (route.scope === "public") continue;
      const { scope, method } = route;
      const path = route.path.replaceAll(/\{\w+\}/g, "anna");

      it(`${method} ${route.path} needs a key with ${scope}`, async () => {
        const without = await api.newKey(ALL_SCOPES.filter((each) => each !== scope));
        const body = method === "GET" || method === "DELETE" ? undefined : {};
        const refused = await withKey(without, method, path, body);
        expect(refused.status).to.equal(403);
        expect(refused.headers.get("www-authenticate")).to.include(`scope="${scope}"`);
        const answer = await withKey(await api.newKey([scope]), method, path, body);
        expect(answer.status).not.to.be.oneOf([401, 403, 500]);
        expect((await api.call(method, path, body, { authorization: "" })).status).to.equal(401);
      });
    }
  });

  it("are rate limited separately", async () => {
    const strict = await startTestApi({
      database: api.database,
      rateLimit: { requests: 3, windowMs: 1_500 },
    });
    try {
      const answers = [];
      for (let index = 0; index < 5; index += 1) answers.push(await strict.call("GET", "/api/v1/users"));
      expect(answers.map((answer) => answer.status)).to.deep.equal([200, 200, 200, 429, 429]);
      expect(Number(answers[3]?.headers.get("retry-after"))).to.be.within(1, 2);
      expect(answers[3]?.body.type).to.equal("urn:whisper:problem:too-many-requests");
      const other = await strict.newKey("all");
      expect(
        (await strict.call("GET", "/api/v1/users", undefined, { authorization: `Bearer ${other}` })).status,
      ).to.equal(200);
      await wait(1_600);
      expect((await strict.call("GET", "/api/v1/users")).status).to.equal(200);
    } finally {
      await strict.close();
    }
  });
});
