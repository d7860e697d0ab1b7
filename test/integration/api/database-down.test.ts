import { expect } from "chai";
import { openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { ownPostgres } from "../../support/database/postgres.ts";
import { startTestApi } from "../../support/http/api.ts";

describe("the API", function () {
  this.timeout(60_000);

  it("answers 503 while the database is down, and continues when it is back", async () => {
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
