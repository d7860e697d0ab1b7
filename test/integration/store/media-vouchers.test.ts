/** Migration 0035, on rows as they were before it. */
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Database } from "../../../src/store/database.ts";
import { testDatabase } from "../../support/database/postgres.ts";

const MIGRATIONS = new URL("../../../src/store/migrations/", import.meta.url);
const URI = "mxc://example.org/abc";

describe("migration 0035: who vouches for a file", () => {
  let database: Database;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database?.close());

  it("keeps what is shown and honest forwards of it, and drops what was merely written", async () => {
    const kept = await database.transaction(async (tx) => {
      await tx.query("CREATE SCHEMA earlier");
      await tx.query("SET LOCAL search_path = earlier");
      await tx.query(await readFile(new URL("0003_media.sql", MIGRATIONS), "utf8"));
      await tx.query("CREATE TABLE inbox (event_id text, event jsonb)");
      const add = async (event_id: string, room: string, sender: string, seen: string[], content: object) => {
        await tx.query("INSERT INTO media VALUES ('example.org', 'abc', $1, $2, $3, $4, $5)", [
          event_id,
          room,
          sender,
          event_id === "portrait",
          seen,
        ]);
        await tx.query("INSERT INTO inbox VALUES ($1, $2)", [event_id, JSON.stringify({ content })]);
      };
      const html = (formatted_body: string) => ({ formatted_body });
      await add("upload", "!a", "@ann", [], { url: URI });
      await add("forward", "!b", "@bob", ["!a"], { file: { url: URI } });
      await add("again", "!c", "@cem", ["!b"], { info: { thumbnail_url: URI } });
      await add("inline", "!b", "@bob", ["!a"], html(`<b>x</b><img alt="" src="${URI}">`));
      await add("edit", "!b", "@bob", ["!a"], { "m.new_content": { url: URI } });
      await add("portrait", "!b", "@bob", ["!a"], { avatar_url: URI });
      await add("stranger", "!e", "@eve", [], { url: URI });
      await add("bot", "!e", "@whisper", ["!a"], { body: `I know nobody called "${URI}".` });
      await add("quoted", "!e", "@bob", ["!a"], html(`<mx-reply><img src="${URI}"></mx-reply>what?`));
      await add("longer", "!e", "@bob", ["!a"], html(`<img src="${URI}def"> ${URI}`));
      await tx.query(await readFile(new URL("0035_media_vouchers.sql", MIGRATIONS), "utf8"));
      const { rows } = await tx.query<{ event_id: string; vouchers: string[] }>(
        "SELECT event_id, vouchers FROM media ORDER BY event_id",
      );
      await tx.query("DROP SCHEMA earlier CASCADE");
      return Object.fromEntries(rows.map((row) => [row.event_id, row.vouchers.sort()]));
    });
    expect(kept).to.deep.equal({
      again: ["@ann", "@bob", "@cem"],
      edit: ["@ann", "@bob"],
      forward: ["@ann", "@bob"],
      inline: ["@ann", "@bob"],
      portrait: ["@bob"],
      stranger: ["@eve"],
      upload: ["@ann"],
    });
  });
});
