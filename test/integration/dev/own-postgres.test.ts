/** The PostgreSQL that a stack starts for itself, in a shell that is configured for another one. */
import { expect } from "chai";
import { withClient } from "../../../dev/stack/databases.ts";
import { ownPostgres } from "../../support/database/postgres.ts";

/** psql's settings for another database (https://www.postgresql.org/docs/current/libpq-envars.html). */
const ANOTHER = {
  PGHOST: "db.practice.example",
  PGPORT: "1",
  PGUSER: "someone",
  PGDATABASE: "other",
  PGPASSWORD: "wrong",
  PGSSLMODE: "require",
  PGOPTIONS: "-c search_path=nowhere",
  PGTZ: "Nowhere/At_all",
};

describe("a stack's own PostgreSQL", () => {
  afterEach(() => {
    for (const name of Object.keys(ANOTHER)) delete process.env[name];
  });

  it("starts and answers even if the environment names another database", async () => {
    Object.assign(process.env, ANOTHER);
    const postgres = await ownPostgres();
    try {
      const { rows } = await withClient(postgres.url, (client) => client.query("SHOW search_path"));
      expect(rows).to.deep.equal([{ search_path: '"$user", public' }]);
    } finally {
      await postgres.stop();
    }
  });
});
