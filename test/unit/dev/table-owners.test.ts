import { expect } from "chai";
import { tablesIn } from "../../../dev/lint/table-owners.ts";

describe("tables and their owners", () => {
  it("are found in SQL, however they are named", () => {
    expect(
      tablesIn("WITH a AS (UPDATE rooms SET x = 1) DELETE FROM inbox USING users JOIN media ON true"),
    ).to.deep.equal([
      { act: "writes", table: "rooms" },
      { act: "writes", table: "inbox" },
      { act: "reads", table: "users" },
      { act: "reads", table: "media" },
    ]);
  });
});
