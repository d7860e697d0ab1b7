/** A process that runs jobs, to be killed: its only job begins, says so, and never ends. */
import { openDatabase } from "../../../src/store/database.ts";
import { runJobs } from "../database/jobs.ts";

const [url = ""] = process.argv.slice(2);
await runJobs(
  { url, database: openDatabase({ url }) },
  {
    adopt: ({ room_id }) => {
      process.stdout.write(`${room_id}\n`);
      return new Promise(() => undefined);
    },
  },
);
