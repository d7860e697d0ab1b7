/** Stands between a homeserver and phones (Push Gateway API): keeps what it receives, and passes nothing on. */
import { once } from "node:events";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { z } from "zod";
import type { Person } from "../../../dev/clients/person.ts";

const notify = z.object({ notification: z.record(z.string(), z.unknown()) });
export type Notification = z.infer<typeof notify>["notification"];

export interface PushGateway {
  /** Everything it received, in order. */
  readonly received: readonly Notification[];
  /** The address that pushers send to. */
  readonly url: string;
  /** Sets a pusher for this person, as a phone's client does. */
  register(person: Person): Promise<void>;
  stop(): Promise<void>;
}

export async function startPushGateway(): Promise<PushGateway> {
  const received: Notification[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      received.push(notify.parse(body).notification);
      response.writeHead(200, { "content-type": "application/json" }).end('{"rejected":[]}');
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  const url = `http://127.0.0.1:${address.port}/_matrix/push/v1/notify`;
  return {
    received,
    url,
    async register(person) {
      const { status, body } = await person.request("POST", "/_matrix/client/v3/pushers/set", {
        kind: "http",
        app_id: "test.phone",
        pushkey: person.userId,
        app_display_name: "A phone",
        device_display_name: "A phone",
        lang: "en",
        data: { url },
      });
      if (status !== 200) throw new Error(`the pusher was refused: ${status} ${JSON.stringify(body)}`);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
