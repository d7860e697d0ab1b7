import { fork } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { z } from "zod";
import { forgetOldIdempotencyKeys } from "../../../src/api/kernel/idempotency.ts";
import { Problem } from "../../../src/api/kernel/problem.ts";
import { route, writeRoute } from "../../../src/api/kernel/route.ts";
import { eventually } from "../../support/eventually.ts";
import { type Answer, startTestApi, type TestApi } from "../../support/http/api.ts";

const thing = z.strictObject({ name: z.string(), note: z.string().default("none") });
const made = z.strictObject({ count: z.int(), finished: z.int().optional() });

/** When to kill a process: after it has written, or answered, this many of eight requests. */
const MOMENTS: readonly { readonly written?: number; readonly answered?: number }[] = [
  { written: 0 },
  { written: 1 },
  { written: 8 },
  { answered: 1 },
  { answered: 4 },
  { answered: 7 },
];
/** Requests that open a process's connections before the ones that count. */
const WARM = 8;

describe("Idempotency-Key", function () {
  this.timeout(30_000);
  let api: TestApi;
  /** While set, handlers wait for it. */
  let gate: PromiseWithResolvers<void> | null = null;
  let entered: PromiseWithResolvers<void> | null = null;
  let failing: "problem" | "crash" | null = null;
  let calls = 0;
  let finished = 0;

  const inside = async () => {
    calls += 1;
    entered?.resolve();
    await gate?.promise;
    if (failing === "problem") throw new Problem("conflict", "Not now.");
    if (failing === "crash") throw new Error("broken");
  };
  const count = async () =>
    Number((await api.database.query<{ count: string }>("SELECT count(*) FROM things")).rows[0]?.count);

  before(async () => {
    const responses = { 200: { description: "made", body: made } };
    api = await startTestApi({
      extraRoutes: [
        writeRoute({
          method: "POST",
          path: "/api/v1/test/{kind}",
          scope: "messages:write",
          tag: "Test",
          summary: "Make a thing",
          params: z.strictObject({ kind: z.string() }),
          body: thing,
          responses,
          handler: async ({ body }, { tx }) => {
            await tx.query("INSERT INTO things (name) VALUES ($1)", [body.name]);
            await inside();
            const { rows } = await tx.query<{ count: number }>(
              "SELECT count(*)::integer AS count FROM things",
            );
            return { status: 200, body: { count: rows[0]?.count ?? 0 } };
          },
          finish: async (reply) => {
            finished += 1;
            return { ...reply, body: { ...reply.body, finished } };
          },
        }),
        route({
          method: "POST",
          path: "/api/v1/outside",
          scope: "messages:write",
          tag: "Test",
          summary: "Make a thing elsewhere",
          body: thing,
          responses,
          handler: async () => {
            await inside();
            return { status: 200, body: { count: calls } };
          },
        }),
      ],
    });
    await api.database.query("CREATE TABLE things (name text NOT NULL)");
  });
  beforeEach(async () => {
    gate = entered = failing = null;
    calls = finished = 0;
    await api.database.query("TRUNCATE things; TRUNCATE idempotency_keys");
  });
  // A failed test must not leave a request behind that holds its locks.
  afterEach(() => gate?.resolve());
  after(() => api.close());

  const post = (
    path: string,
    key: string | null,
    body: unknown = { name: "a" },
    more: Record<string, string> = {},
  ) => api.call("POST", path, body, { ...(key === null ? {} : { "idempotency-key": key }), ...more });
  const statuses = (answers: readonly Answer[]) => answers.map((answer) => answer.status).sort();

  for (const path of ["/api/v1/test/x", "/api/v1/outside"]) {
    describe(
      path === "/api/v1/outside" ? "with an effect elsewhere" : "with an effect in the database",
      () => {
        it("repeats the first answer, and does the work once", async () => {
          const first = await post(path, "k");
          const second = await post(path, "k");
          expect(second.status).to.equal(200);
          expect(second.body.count).to.equal(first.body.count);
          expect(calls).to.equal(1);
          expect(first.headers.get("idempotency-replayed")).to.equal(null);
          expect(second.headers.get("idempotency-replayed")).to.equal("true");
        });

        it("does it again with another key, or without one", async () => {
          for (const key of ["k", "l", null, null]) expect((await post(path, key)).status).to.equal(200);
          expect(calls).to.equal(4);
        });

        it("recognises the same request however it is written", async () => {
          await post(path, "k", { name: "a" });
          expect((await post(path, "k", { note: "none", name: "a" })).status).to.equal(200);
          expect(calls).to.equal(1);
        });

        it("refuses a different request with the same key: 422", async () => {
          await post(path, "k", { name: "a" });
          expect((await post(path, "k", { name: "b" })).status).to.equal(422);
          expect(calls).to.equal(1);
        });

        it("keeps two callers' keys separate", async () => {
          const other = await api.newKey("all");
          await post(path, "k", { name: "a" });
          expect(
            (await post(path, "k", { name: "b" }, { authorization: `Bearer ${other}` })).status,
          ).to.equal(200);
          expect(calls).to.equal(2);
        });

        it("answers 409 while it is being carried out", async () => {
          gate = Promise.withResolvers();
          entered = Promise.withResolvers();
          const first = post(path, "k");
          await entered.promise;
          const meanwhile = await post(path, "k");
          expect(meanwhile.status).to.equal(409);
          expect(meanwhile.headers.get("retry-after")).to.equal("1");
          gate.resolve();
          expect((await first).status).to.equal(200);
          expect((await post(path, "k")).status).to.equal(200);
          expect(calls).to.equal(1);
        });

        it("does it once if many requests arrive at once", async () => {
          const answers = await Promise.all(Array.from({ length: 30 }, () => post(path, "k")));
          for (const status of statuses(answers)) expect(status).to.be.oneOf([200, 409]);
          expect(statuses(answers)).to.include(200);
          expect(calls).to.equal(1);
        });

        for (const how of ["problem", "crash"] as const) {
          it(`may be sent again after a ${how}`, async () => {
            failing = how;
            expect((await post(path, "k")).status).to.equal(how === "problem" ? 409 : 500);
            failing = null;
            expect((await post(path, "k")).status).to.equal(200);
            expect(calls).to.equal(2);
            expect((await api.database.query("SELECT * FROM idempotency_keys")).rows).to.have.length(1);
          });
        }

        it("does not store the answer in readable form", async () => {
          await post(path, "k");
          const { rows } = await api.database.query<{ answer: Buffer }>(
            "SELECT answer FROM idempotency_keys",
          );
          expect(rows[0]?.answer.toString("latin1")).not.to.include("count");
        });
      },
    );
  }

  it("is bound to the address", async () => {
    await post("/api/v1/test/x", "k");
    expect((await post("/api/v1/test/y", "k")).status).to.equal(422);
  });

  it("completes the answer again each time", async () => {
    expect((await post("/api/v1/test/x", "k")).body.finished).to.equal(1);
    expect((await post("/api/v1/test/x", "k")).body).to.deep.equal({ count: 1, finished: 2 });
  });

  it("leaves nothing behind after a failed request", async () => {
    failing = "crash";
    await post("/api/v1/test/x", "k");
    expect(await count()).to.equal(0);
  });

  it("takes over an unfinished request after a while", async () => {
    await post("/api/v1/outside", "k");
    // The state that a process leaves if it is killed between the claim and the answer.
    await api.database.query("UPDATE idempotency_keys SET answer = NULL");
    expect((await post("/api/v1/outside", "k")).status).to.equal(409);
    await api.database.query("UPDATE idempotency_keys SET created_at = now() - interval '3 minutes'");
    expect((await post("/api/v1/outside", "k", { name: "b" })).status).to.equal(422);
    expect((await post("/api/v1/outside", "k")).status).to.equal(200);
    expect(calls).to.equal(2);
  });

  it("is forgotten after a day", async () => {
    await post("/api/v1/test/x", "old");
    await post("/api/v1/test/x", "new");
    await api.database.query(
      "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'",
    );
    expect(await forgetOldIdempotencyKeys(api.database)).to.equal(1);
    await post("/api/v1/test/x", "new");
    await post("/api/v1/test/x", "old");
    expect(calls).to.equal(3);
  });

  it("does nothing twice if the process is killed at any moment", async () => {
    const url = api.database.pool.options.connectionString ?? "";
    const child = new URL("../../support/processes/api-process.ts", import.meta.url);
    const send = async (port: number, key: string, name: string) => {
      const headers = {
        authorization: `Bearer ${api.key}`,
        "content-type": "application/json",
        "idempotency-key": key,
      };
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/things`, {
        method: "POST",
        headers,
        body: JSON.stringify({ name }),
      });
      await response.text();
      return response.status;
    };
    let acknowledged = 0;
    for (const [round, { written = 0, answered = 0 }] of MOMENTS.entries()) {
      const running = fork(child, [url], { stdio: "inherit" });
      const [port] = await once(running, "message");
      const moment = Promise.withResolvers<void>();
      const seen = { written: 0, answered: 0 };
      const notice = (what: keyof typeof seen) => {
        seen[what] += 1;
        if (seen.written >= WARM + written && seen.answered >= answered) moment.resolve();
      };
      running.on("message", (message) => message === "written" && notice("written"));
      await Promise.all(
        Array.from({ length: WARM }, (_, index) => send(port, `warm${round}-${index}`, "warm")),
      );
      const requests = Array.from({ length: 8 }, (_, index) =>
        send(port, `r${round}-${index}`, `${round}-${index}`).then(
          (status) => {
            notice("answered");
            return status;
          },
          () => 0,
        ),
      );
      await moment.promise;
      running.kill("SIGKILL");
      for (const status of await Promise.all(requests)) acknowledged += status === 200 ? 1 : 0;
      if (running.exitCode === null && running.signalCode === null) await once(running, "exit");
    }
    const running = fork(child, [url], { stdio: "inherit" });
    const [port] = await once(running, "message");
    for (const round of MOMENTS.keys()) {
      for (let index = 0; index < 8; index += 1) {
        // It takes the database a moment to notice that a killed process's connections are broken.
        const status = await eventually("the key to be free", async () => {
          const answered = await send(port, `r${round}-${index}`, `${round}-${index}`);
          return answered === 409 ? undefined : answered;
        });
        expect(status).to.equal(200);
      }
    }
    running.kill();
    await once(running, "exit");
    console.log(`        (${acknowledged} of 48 were acknowledged before the kill)`);
    const { rows } = await api.database.query(
      "SELECT name, count(*)::integer AS times FROM things WHERE name <> 'warm' GROUP BY name",
    );
    expect(rows.filter((row) => row.times !== 1)).to.deep.equal([]);
    expect(rows).to.have.length(48);
  });
});
