import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestStack } from "./stack.ts";

/**
 * Milliseconds after which a transaction that Synapse keeps while it takes Whisper for up is forgotten: Synapse sends it
 * only once it has taken Whisper for down again (seen with 1.160, when Whisper came back at that moment). Whisper finds
 * the events itself (appservice/intake/gaps.ts).
 */
const FORGOTTEN = 5_000;

/**
 * What Synapse has still to send to Whisper, by Synapse's own tables: it notes how far it has looked for events to send,
 * and keeps each transaction until Whisper has acknowledged it.
 */
export function synapseSends(stack: TestStack): { hasSentAll(): boolean; close(): void } {
  const synapse = new DatabaseSync(join(stack.stateDir, "synapse", "homeserver.db"), { readOnly: true });
  const look = synapse.prepare(
    `SELECT (SELECT coalesce(max(stream_ordering), 0) FROM appservice_stream_position)
              < (SELECT coalesce(max(stream_ordering), 0) FROM events) AS looking,
            (SELECT min(txn_id) FROM application_services_txns) AS oldest,
            EXISTS (SELECT 1 FROM application_services_state WHERE state = 'down') AS down`,
  );
  let seen: { readonly oldest: unknown; readonly at: number } | null = null;
  return {
    hasSentAll() {
      const { looking, oldest = null, down } = look.get() ?? {};
      if (looking === 1) return false;
      if (oldest === null) return true;
      if (down === 1 || seen?.oldest !== oldest) seen = { oldest, at: performance.now() };
      return performance.now() - seen.at > FORGOTTEN;
    },
    close: () => synapse.close(),
  };
}
