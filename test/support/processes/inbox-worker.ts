/**
 * A process under a watchdog that hands events to a handler, as Whisper does. The handler stores the events' texts in
 * the table `heard`. `hang` in an event stops the event loop for good, `die` ends the process, `kill` is SIGKILL.
 */
import pino from "pino";
import type { EventHandler } from "../../../src/messages/event.ts";
import { drainInbox } from "../../../src/messages/inbox.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { watchEventLoop } from "../../../src/wiring/watchdog.ts";
import { runJobs } from "../database/jobs.ts";

const [url = ""] = process.argv.slice(2);
const log = pino({ base: null });
watchEventLoop(log, 1_000);

const handler: EventHandler = {
  name: "test",
  handle: async (tx, { content, room_id }) => {
    await tx.query("INSERT INTO heard VALUES ($1, $2)", [room_id, content.body]);
    switch (content.body) {
      case "hang":
        for (;;);
      case "die":
        process.exit(1);
        break;
      case "kill":
        process.kill(process.pid, "SIGKILL");
    }
  },
};
const database = openDatabase({ url });
await runJobs({ url, database }, { inbox: ({ room_id }) => drainInbox(database, [handler], log, room_id) });
process.stdout.write("runs\n");
