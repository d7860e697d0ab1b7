import { plain } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { EventId, Username } from "../policy/model.ts";
import type { Transaction } from "../store/database.ts";
import type { Command } from "./command.ts";
import { typed } from "./tokens.ts";

/** Starts comparing every room with how it should be; the report follows in the admin room. */
export type StartAudit = (
  tx: Transaction,
  asked: { readonly by: Username; readonly event: EventId; readonly repair: boolean },
) => Promise<void>;

export const auditCommand = (start: StartAudit): Command => ({
  name: "audit",
  words: ["check"],
  parameters: [{ name: "repair", takes: "one", optional: true }],
  summary: words.auditSummary,
  examples: ["audit", "audit repair"],
  adminOnly: true,
  run: async ({ tx, asker, given, event }) => {
    const said = typed(given.repair ?? [])
      .toLowerCase()
      .replace(/^-+/, "");
    if (said !== "" && said !== "repair") return plain(words.auditTakes);
    await start(tx, { by: asker.username, event: event.event_id, repair: said === "repair" });
    return plain(words.auditStarted);
  },
});
