/** `DATABASE_URL=… npm run demo`: whose database it is. */
import { expect } from "chai";
import pg from "pg";
import { type Claimant, claimDatabase } from "../../../dev/stack/claim-database.ts";
import { emptyDatabaseUrl, testDatabase } from "../../support/database/postgres.ts";

const HERE = import.meta.dirname;
const state = (id: string, more: Partial<Claimant> = {}): Claimant => ({
  id,
  directory: HERE,
  knowsTheDatabase: false,
  ...more,
});
const refusal = (url: string, claimant: Claimant): Promise<string> =>
  claimDatabase(url, claimant).then(
    () => "taken",
    (error: Error) => error.message,
  );

describe("a database that is named by DATABASE_URL", () => {
  it("belongs to the state that came first; another one is told which before anything starts", async () => {
    const url = await emptyDatabaseUrl();
    expect(await refusal(url, state("one"))).to.equal("taken");
    expect(await refusal(url, state("one", { directory: `${HERE}/moved` }))).to.equal("taken");
    expect(await refusal(url, state("one"))).to.equal("taken");
    expect(await refusal(url, state("two", { knowsTheDatabase: true })))
      .to.contain(`the database of another state directory, ${HERE}.`)
      .and.contain(`--state ${HERE}`);
  });

  it("belongs to one of two that come at once", async () => {
    const url = await emptyDatabaseUrl();
    const all = await Promise.all(["one", "two", "three"].map((id) => refusal(url, state(id))));
    expect(all.filter((text) => text === "taken")).to.have.length(1);
  });

  it("is given up by nobody, also when the state's folder is gone", async () => {
    const url = await emptyDatabaseUrl();
    await claimDatabase(url, state("one", { directory: "/nowhere/at/all" }));
    expect(await refusal(url, state("two"))).to.contain("That folder is gone. Create an empty database");
  });

  it("is not taken from a Whisper that was not started here, but kept by a state of an earlier version", async () => {
    const database = await testDatabase();
    const { rows } = await database.query<{ name: string }>("SELECT current_database() AS name");
    const url = new URL(await emptyDatabaseUrl());
    url.pathname = `/${rows[0]?.name}`;
    expect(await refusal(url.href, state("one"))).to.contain("a Whisper that was not started here");
    expect(await refusal(url.href, state("one", { knowsTheDatabase: true }))).to.equal("taken");
    await database.close();
    const client = new pg.Client(url.href);
    await client.connect();
    expect(
      (await client.query("SELECT count(*)::int AS n FROM whisper_development_state")).rows,
    ).to.deep.equal([{ n: 1 }]);
    await client.end();
  });
});
