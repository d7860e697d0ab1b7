import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import pino from "pino";
import { freePort } from "../../../dev/stack/ports.ts";
import { startPostgres } from "../../../dev/stack/postgres.ts";
import { startLastingJobs } from "../../../src/jobs/lasting.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { addJob } from "../../../src/store/jobs.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { runJobs } from "../../support/database/jobs.ts";
import { eventually } from "../../support/eventually.ts";

describe("jobs whose database goes down", () => {
  for (const how of ["stops", "is killed"]) {
    it(`are carried out when it is back, and none is lost: it ${how}`, async () => {
      const directory = mkdtempSync(join(tmpdir(), "whisper-test-lasting-"));
      const options = { directory, port: await freePort(), withoutFsync: true };
      let server = await startPostgres(options);
      const { url } = server;
      const database = openDatabase({ url, max: 5 });
      const stopping = new AbortController();
      const log = pino({ level: "silent" });
      const done: string[] = [];
      const begun = Promise.withResolvers<void>();
      const adopt = async ({ room_id }: { room_id: string }) => {
        begun.resolve();
        // Needs the database, which goes away in the middle.
        if (room_id === "during") await database.query("SELECT pg_sleep(0.2)");
        done.push(room_id);
      };
      try {
        await migrate(database);
        const jobs = await startLastingJobs(
          (onLost) => runJobs({ url, database }, { adopt }, onLost),
          log,
          stopping.signal,
        );
        await addJob(database, "adopt", { room_id: "during" }, { key: "during" });
        await begun.promise;
        if (how === "stops") await server.stop();
        else {
          server.process?.kill("SIGKILL");
          await server.process?.ended;
        }
        server = await startPostgres(options);
        await eventually("the database to take a job", async () => {
          await addJob(database, "adopt", { room_id: "after" }, { key: "after" });
          return true;
        });
        await eventually(
          "both jobs to be done",
          () => done.includes("during") && done.includes("after"),
          30_000,
        );
        stopping.abort();
        await jobs.stop();
        expect((await database.query("SELECT FROM graphile_worker._private_jobs")).rowCount).to.equal(0);
      } finally {
        stopping.abort();
        await database.close();
        await server.stop();
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }

  it("end immediately if told to while it is down", async () => {
    const directory = mkdtempSync(join(tmpdir(), "whisper-test-lasting-"));
    const server = await startPostgres({ directory, port: await freePort(), withoutFsync: true });
    const { url } = server;
    const database = openDatabase({ url, max: 5 });
    const stopping = new AbortController();
    const lost = Promise.withResolvers<void>();
    try {
      await migrate(database);
      const jobs = await startLastingJobs(
        (onLost) =>
          runJobs({ url, database }, {}, (error) => {
            lost.resolve();
            onLost(error);
          }),
        pino({ level: "silent" }),
        stopping.signal,
      );
      await server.stop();
      await lost.promise;
      stopping.abort();
      await jobs.stop();
    } finally {
      await database.close();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
