/** The intake over HTTP on a real database, with a Synapse that sends what the test tells it to. */
import { once } from "node:events";
import { createServer } from "node:http";
import express from "express";
import { receiptQueue } from "../../../src/appservice/intake/receipt-queue.ts";
import { intake } from "../../../src/appservice/intake/transactions.ts";
import { storeReceipts } from "../../../src/messages/receipts.ts";
import type { Database } from "../../../src/store/database.ts";

export const HS_TOKEN = "the-homeservers-token";

export interface TestIntake {
  /** Calls a path of the application service API. `token` null sends none. */
  call(
    method: string,
    path: string,
    body?: unknown,
    token?: string | null,
  ): Promise<{ status: number; body: unknown }>;
  send(txnId: string | number, events: readonly unknown[], extra?: object): Promise<number>;
  /** Resolves when the receipts sent so far are stored. */
  receiptsStored(): Promise<void>;
  close(): Promise<void>;
}

export async function startIntake(database: Database): Promise<TestIntake> {
  const app = express();
  const receipts = receiptQueue(
    (events) => storeReceipts(database, events),
    (error) => {
      throw error;
    },
  );
  app.use(
    "/_matrix/app/v1",
    intake({
      database,
      hsToken: HS_TOKEN,
      receipts,
      knowsUser: async (userId) => userId === "@ht_known:practice.test",
      onStored: () => undefined,
      onRefused: () => undefined,
    }),
  );
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const intakeAt: TestIntake = {
    async call(method, path, body, token = HS_TOKEN) {
      const response = await fetch(`http://127.0.0.1:${address.port}/_matrix/app/v1${path}`, {
        method,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const json: unknown = text === "" ? undefined : JSON.parse(text);
      return { status: response.status, body: json };
    },
    send: async (txnId, events, extra = {}) =>
      (await intakeAt.call("PUT", `/transactions/${txnId}`, { events, ...extra })).status,
    receiptsStored: receipts.idle,
    async close() {
      await receipts.idle();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return intakeAt;
}

let made = 0;

/** A message as Synapse would send it. Each call makes a new one. */
export function message(room: string, body: string, more: object = {}): Record<string, unknown> {
  made += 1;
  return {
    event_id: `$test-${made}`,
    room_id: room,
    sender: "@ht_mia:practice.test",
    type: "m.room.message",
    origin_server_ts: 1_700_000_000_000 + made,
    content: { msgtype: "m.text", body },
    ...more,
  };
}
