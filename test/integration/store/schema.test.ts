import { join } from "node:path";
import { expect } from "chai";
import { readIfThere, writeAtomically } from "../../../dev/base/files.ts";
import { REPOSITORY } from "../../../dev/base/repository.ts";
import { schemaOf } from "../../../dev/generate/schema.ts";
import { testDatabase } from "../../support/database/postgres.ts";

const PAGE = join(REPOSITORY, "docs", "schema.sql");

describe("docs/schema.sql", () => {
  it("matches the migrations (npm run generate writes it)", async () => {
    const database = await testDatabase();
    try {
      const schema = await schemaOf(database);
      if (process.env.UPDATE_DOCS === "1") writeAtomically(PAGE, schema, 0o644);
      expect(readIfThere(PAGE)).to.equal(schema);
    } finally {
      await database.close();
    }
  });
});
