import { expect } from "chai";
import { storeEvents } from "../../../src/messages/inbox.ts";
import { addJob } from "../../../src/store/jobs.ts";
import { type JobsDatabase, jobsDatabase } from "../../support/database/jobs.ts";
import { message } from "../../support/http/intake.ts";

const PAUSE = 42;
const ROOM = "!room:practice.test";

describe("a job whose predecessor is taken by a worker just as it is added", () => {
  let jobs: JobsDatabase;
  beforeEach(async () => {
    jobs = await jobsDatabase();
    // Pauses between the two statements of graphile-worker's add_jobs, for callers that ask for it.
    await jobs.database.query(`
      CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF current_setting('test.pause', true) = 'on' THEN PERFORM pg_advisory_xact_lock(${PAUSE}); END IF;
        RETURN NULL;
      END; $$;
      CREATE TRIGGER pause AFTER UPDATE ON graphile_worker._private_jobs FOR EACH STATEMENT EXECUTE FUNCTION pause();`);
  });
  afterEach(() => jobs.database.close());

  /** Runs `add` while a worker takes the job with this key halfway through. @returns the remaining jobs. */
  async function addedWhileTaken(key: string, add: (db: JobsDatabase["database"]) => Promise<unknown>) {
    const { database } = jobs;
    let adding: Promise<unknown> | undefined;
    await database.transaction(async (test) => {
      await test.query("SELECT pg_advisory_xact_lock($1)", [PAUSE]);
      adding = database.transaction(async (tx) => {
        await tx.query("SELECT set_config('test.pause', 'on', true)", []);
        await add({ ...database, query: tx.query });
      });
      for (;;) {
        const waiting = await database.query(
          "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted",
          [PAUSE],
        );
        if (waiting.rowCount !== 0) break;
      }
      await database.query(
        "UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'worker' WHERE key = $1",
        [key],
      );
    });
    await adding;
    const found = await database.query(
      "SELECT key, locked_by FROM graphile_worker._private_jobs ORDER BY locked_by NULLS FIRST",
    );
    return found.rows;
  }

  it("is added as well", async () => {
    const add = (db: JobsDatabase["database"]) =>
      addJob(db, "outbox", { conversation_id: "c" }, { key: "k" });
    await add(jobs.database);
    expect(await addedWhileTaken("k", add)).to.deep.equal([
      { key: "k", locked_by: null },
      { key: null, locked_by: "worker" },
    ]);
  });

  it("is added as well if it came with an event", async () => {
    await storeEvents(jobs.database, [message(ROOM, "one")]);
    const key = `inbox:${ROOM}`;
    expect(await addedWhileTaken(key, (db) => storeEvents(db, [message(ROOM, "two")]))).to.deep.equal([
      { key, locked_by: null },
      { key: null, locked_by: "worker" },
    ]);
  });
});
