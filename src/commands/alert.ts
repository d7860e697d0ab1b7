import { type AlertReaders, type AlertStatus, currentAlerts } from "../conversations/alert-status.ts";
import { blocks, lines, plain, type Rich, strong } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { Directory } from "../policy/model.ts";
import type { Command } from "./command.ts";
import { nameOfPerson } from "./names.ts";
import { typed } from "./tokens.ts";

/** A time as the practice's clock shows it. */
export type ShowTime = (at: Date) => string;

/** More alerts at a time, or more names of each, would be too long to read. */
const MOST_ALERTS = 5;
const MOST_NAMES = 20;

/** `alert status`: how each alert that is shown stands, and who has seen it. */
export const alertCommand = (shownTime: ShowTime): Command => ({
  name: "alert",
  words: ["alerts"],
  parameters: [{ name: "status", takes: "one", optional: true }],
  summary: words.alertSummary,
  examples: ["alert status"],
  adminOnly: true,
  run: async ({ tx, asker, given }) => {
    const said = typed(given.status ?? []).toLowerCase();
    if (said !== "" && said !== "status") return plain(words.alertTakes);
    const readers: AlertReaders = asker;
    const alerts = await currentAlerts(tx, readers, MOST_ALERTS);
    if (alerts.length === 0) return plain(words.noAlert);
    return blocks(...alerts.map((alert) => shown(alert, asker.directory, shownTime)));
  },
});

function shown(alert: AlertStatus, directory: Directory, time: ShowTime): Rich {
  const { severity, text, postedAt, expiresAt, seenBy, notSeenBy } = alert;
  const until = expiresAt === null ? words.alertStays : words.alertUntil(time(expiresAt));
  const waiting = notSeenBy.slice(0, MOST_NAMES).map((username) => nameOfPerson(directory, username));
  return lines(
    strong(words.alertTitle(severity, text)),
    plain(words.alertSince(time(postedAt), until)),
    plain(
      alert.state === "waiting"
        ? words.alertComes
        : words.alertSeen(seenBy.length, waiting, notSeenBy.length - waiting.length),
    ),
  );
}
