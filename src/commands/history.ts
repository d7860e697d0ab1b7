import { plain } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { Username } from "../policy/model.ts";
import { receivesArrivals } from "../policy/people/arrival-recipients.ts";
import type { Transaction } from "../store/database.ts";
import type { Command } from "./command.ts";

/** Shows the acknowledged arrivals in the user's arrivals room, or hides them again. */
export type ToggleArrivals = (tx: Transaction, username: Username) => Promise<void>;

/** `history`: the arrivals that the asker has acknowledged, in their arrivals room. */
export const historyCommand = (toggle: ToggleArrivals): Command => ({
  name: "history",
  words: ["arrivals"],
  parameters: [],
  summary: words.historySummary,
  examples: ["history"],
  run: async ({ tx, asker }) => {
    if (!receivesArrivals(asker.directory, asker.username)) return plain(words.noArrivals);
    await toggle(tx, asker.username);
    return plain(words.historyShown);
  },
});
