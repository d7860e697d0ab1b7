/**
 * An API with one route in its own process, to be killed: `api-process.ts <database URL>`. Sends its port, and then
 * "written" for each thing that it has written and not yet committed.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import pino from "pino";
import { z } from "zod";
import { createApi } from "../../../src/api/app.ts";
import { keyRing } from "../../../src/api/kernel/key-ring.ts";
import { RATE_LIMIT } from "../../../src/api/kernel/rate-limit.ts";
import { writeRoute } from "../../../src/api/kernel/route.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { NO_NEWS } from "../http/no-news.ts";

const database = openDatabase({ url: process.argv[2] ?? "", max: 10 });
const things = writeRoute({
  method: "POST",
  path: "/api/v1/things",
  scope: "messages:write",
  tag: "Test",
  summary: "Make a thing",
  body: z.strictObject({ name: z.string() }),
  responses: { 200: { description: "made" } },
  handler: async ({ body }, { tx }) => {
    await tx.query("INSERT INTO things (name) VALUES ($1)", [body.name]);
    process.send?.("written");
    await tx.query("SELECT pg_sleep(0.01)");
    return { status: 200 };
  },
});
const server = createServer(
  createApi({
    database,
    routes: [things],
    log: pino({ level: "silent" }),
    keys: keyRing(database, { news: NO_NEWS, rememberMs: 2_000 }),
    rateLimit: RATE_LIMIT,
    publicUrl: "/",
    checkReplies: false,
  }),
);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.send?.(typeof address === "object" ? address?.port : null);
