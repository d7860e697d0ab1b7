/** `DATABASE_URL=… npm run demo`: who owns the database. */
import { expect } from "chai";
import pg from "pg";
import { type Claimant, claimDatabase } from "../../../dev/stack/claim-database.ts";
import { externalPostgres } from "../../../dev/stack/postgres.ts";
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
  const said = (url: string) =>
    externalPostgres(url).then(
      () => "taken",
      (error: Error) => error.message,
    );

  for (const url of [
    "mysql://w:hunter2@127.0.0.1/w",
    "whisper",
    "127.0.0.1:5432/w",
    "postgres://w:hun#ter2@127.0.0.1/w",
  ])
    it(`must have PostgreSQL's form before any connection is tried: ${url}`, async () => {
      expect(await said(url))
        .to.match(/^DATABASE_URL is no address of a PostgreSQL database: write it as postgres:/)
        .and.not.match(/hunter2|ter2/);
    });

  it("is named, with what to do, if it does not answer or refuses the login", async () => {
    const url = await emptyDatabaseUrl();
    const wrong = (part: (address: URL) => void) => {
      const address = new URL(url);
      part(address);
      return said(address.href);
    };
    const todo = /^DATABASE_URL is set, but that database does not answer: .+\. Correct it, or unset it/;
    expect(await wrong((address) => (address.port = "1")))
      .to.match(todo)
      .and.contain("ECONNREFUSED");
    expect(await wrong((address) => (address.pathname = "/nowhere")))
      .to.match(todo)
      .and.contain('"nowhere"');
    expect(await wrong((address) => (address.hostname = "nowhere.invalid"))).to.match(todo);
    expect(await wrong((address) => (address.password = "hunter2")))
      .to.match(todo)
      .and.not.contain("hunter2");
  });

  it("belongs to the first state, and another one is told which before anything starts", async () => {
    const url = await emptyDatabaseUrl();
    expect(await refusal(url, state("one"))).to.equal("taken");
    expect(await refusal(url, state("one", { directory: `${HERE}/moved` }))).to.equal("taken");
    expect(await refusal(url, state("one"))).to.equal("taken");
    expect(await refusal(url, state("two", { knowsTheDatabase: true })))
      .to.contain(`the database of another state directory, ${HERE}.`)
      .and.contain(`--state ${HERE}`);
  });

  it("belongs to one of two that claim it at the same time", async () => {
    const url = await emptyDatabaseUrl();
    const all = await Promise.all(["one", "two", "three"].map((id) => refusal(url, state(id))));
    expect(all.filter((text) => text === "taken")).to.have.length(1);
  });

  it("is never released, even if the state's folder is gone", async () => {
    const url = await emptyDatabaseUrl();
    await claimDatabase(url, state("one", { directory: "/nowhere/at/all" }));
    expect(await refusal(url, state("two"))).to.contain("That folder is gone. Create an empty database");
  });

  it("is not taken from a Whisper that was not started here, but stays with a state from an earlier version", async () => {
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
