/** An API of one route in a process of its own, to be killed: `api-process.ts <database URL>`. Sends its port. */
import { once } from "node:events";
import { createServer } from "node:http";
import pino from "pino";
import { z } from "zod";
import { createApi } from "../../../src/api/app.ts";
import { writeRoute } from "../../../src/api/kernel/route.ts";
import { openDatabase } from "../../../src/store/database.ts";

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
    await tx.query("SELECT pg_sleep(0.01)");
    return { status: 200 };
  },
});
const server = createServer(createApi({ database, routes: [things], log: pino({ level: "silent" }) }));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.send?.(typeof address === "object" ? address?.port : null);
