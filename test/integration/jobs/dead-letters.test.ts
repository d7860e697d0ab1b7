import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { deadLetters } from "../../../src/jobs/dead-letters.ts";
import { type Database, openDatabase } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { emptyDatabaseUrl } from "../../support/database/postgres.ts";
import { run } from "../../support/run/programs.ts";

const CLI = join(import.meta.dirname, "../../../src/cli.ts");
/** More than one page. */
const MANY = 1_003;

describe("more dead letters than one page", () => {
  let database: Database;
  let directory: string;
  const whisper = (...args: readonly string[]) =>
    run(process.execPath, [CLI, "dead-letters", ...args, "--config", join(directory, "whisper.yaml")]);

  before(async () => {
    const url = await emptyDatabaseUrl();
    database = openDatabase({ url, max: 2 });
    await migrate(database);
    directory = mkdtempSync(join(tmpdir(), "dead-letters-"));
    const secret = "x".repeat(40);
    writeFileSync(
      join(directory, "whisper.yaml"),
      stringify({
        practice: { name: "Northside", timezone: "Australia/Brisbane" },
        homeserver: {
          url: "http://localhost:8008",
          server_name: "localhost",
          public_url: "http://localhost",
        },
        database: { url },
        public_url: "http://localhost:9000",
        patients: { url: "http://localhost/{patient_id}" },
        policy: { token: secret },
      }),
    );
  });
  after(async () => {
    await database.close();
    rmSync(directory, { recursive: true });
  });
  beforeEach(() =>
    database.query(
      `INSERT INTO inbox (event_id, room_id, type, event, parked_at, attempts)
       SELECT '$' || n, '!r:localhost', 'm.room.message', '{}', now(), 5 FROM generate_series(1, ${MANY}) AS n
       ON CONFLICT (event_id) DO UPDATE SET parked_at = now(), handled_at = NULL, attempts = 5`,
    ),
  );

  it("are all listed once, even if they failed at the same moment", async () => {
    const letters = await Array.fromAsync(deadLetters(database));
    expect(letters).to.have.lengthOf(MANY);
    expect(new Set(letters.map((letter) => letter.id)).size).to.equal(MANY);
  });

  it("are all discarded by `discard all`", async () => {
    const { stdout } = await whisper("discard", "all");
    expect(stdout.trim().split("\n")).to.have.lengthOf(MANY);
    expect((await whisper("list")).stdout).to.equal("There are no dead letters.\n");
  });

  it("are all retried by `retry all`", async () => {
    const { stdout } = await whisper("retry", "all");
    expect(stdout.trim().split("\n")).to.have.lengthOf(MANY);
    expect((await whisper("list")).stdout).to.equal("There are no dead letters.\n");
  });

  it("say what to do if the named one does not exist", async () => {
    for (const act of ["retry", "discard"]) {
      for (const id of ["event:999999999", "nonsense", "job:1"]) {
        const failed = await whisper(act, id).then(
          () => expect.fail(`${act} ${id} went through`),
          (error: { stderr: string }) => error.stderr,
        );
        expect(failed).to.equal(
          `There is no dead letter ${id}. \`whisper dead-letters list\` shows all of them.\n`,
        );
      }
    }
  });
});
