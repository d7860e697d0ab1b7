import express, { type Router } from "express";
import { z } from "zod";
import { storeEvents } from "../../messages/inbox.ts";
import { type Database, isDatabaseDown } from "../../store/database.ts";
import { requireToken } from "../homeserver/require-token.ts";
import type { ReceiptQueue } from "./receipt-queue.ts";

/** A valid transaction can be large: 100 events of 64 KiB, plus ephemeral data. */
const BODY_LIMIT = "64mb";

const transaction = z.looseObject({
  events: z.array(z.looseObject({ event_id: z.string(), room_id: z.string(), type: z.string() })),
  ephemeral: z.array(z.unknown()).optional(),
  "de.sorunome.msc2409.ephemeral": z.array(z.unknown()).optional(),
});

export interface IntakeOptions {
  readonly database: Database;
  readonly hsToken: string;
  /** Receipts and typing. By design they may be lost, so the answer waits for them only while too many are waiting. */
  readonly receipts: Pick<ReceiptQueue, "add">;
  readonly knowsUser: (userId: string) => Promise<boolean>;
  /** Called when a transaction could not be stored because the database is away. */
  readonly onRefused: () => void;
  readonly onStored: (events: number, seconds: number) => void;
}

/**
 * What Synapse calls on an application service (application service API, "Pushing events", "Querying", "Pinging"). A
 * transaction is answered with 200 once its events are in PostgreSQL, never before.
 */
export function intake(options: IntakeOptions): Router {
  const router = express.Router();
  router.use(requireToken(options.hsToken));
  router.put(
    "/transactions/:txnId",
    express.json({ limit: BODY_LIMIT, strict: true }),
    async (request, response) => {
      const started = performance.now();
      const parsed = transaction.safeParse(request.body);
      if (!parsed.success) {
        response.status(400).json({ errcode: "M_BAD_JSON", error: "A transaction holds an array of events" });
        return;
      }
      try {
        const stored = await storeEvents(options.database, parsed.data.events);
        options.onStored(stored, (performance.now() - started) / 1_000);
        await options.receipts.add(
          parsed.data.ephemeral ?? parsed.data["de.sorunome.msc2409.ephemeral"] ?? [],
        );
      } catch (error) {
        if (!isDatabaseDown(error)) throw error;
        options.onRefused();
        response
          .status(503)
          .set("Retry-After", "5")
          .json({ errcode: "M_UNKNOWN", error: "The database is not there" });
        return;
      }
      response.json({});
    },
  );
  router.post("/ping", express.json(), (_request, response) => {
    response.json({});
  });
  router.get("/users/:userId", async (request, response) => {
    if (await options.knowsUser(request.params.userId)) response.json({});
    else response.status(404).json({ errcode: "M_NOT_FOUND", error: "No such user" });
  });
  router.get("/rooms/:alias", (_request, response) => {
    response.status(404).json({ errcode: "M_NOT_FOUND", error: "Whisper has no room aliases" });
  });
  router.use((_request, response) => {
    response.status(404).json({ errcode: "M_UNRECOGNIZED", error: "Unrecognised request" });
  });
  return router;
}
