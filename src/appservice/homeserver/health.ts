import type { HealthCheck } from "../../base/health-check.ts";
import { inboxLag } from "../../messages/inbox-queries.ts";
import type { Database } from "../../store/database.ts";
import { type Homeserver, HomeserverAway, path } from "./homeserver.ts";

/** Events that have waited this long (seconds) mean that something is stuck. */
const LAG = 60;

/** Can Whisper do its work? Everything it depends on answers, and nothing waits for long. */
export function healthChecks(
  database: Database,
  homeserver: Homeserver,
  working: () => boolean,
): Record<string, () => Promise<HealthCheck>> {
  return {
    database: async () => {
      await database.query("SELECT 1");
      return { ok: true };
    },
    homeserver: async () => {
      try {
        await homeserver.call({
          method: "GET",
          path: path`/_matrix/client/v3/account/whoami`,
          timeout: 4_000,
        });
      } catch (error) {
        return {
          ok: false,
          detail:
            error instanceof HomeserverAway
              ? "Synapse does not answer"
              : "Synapse does not know the registration",
        };
      }
      return working() ? { ok: true } : { ok: false, detail: "waiting for Synapse" };
    },
    inbox_lag: async () => {
      const lag = await inboxLag(database);
      return { ok: lag < LAG, value: Math.round(lag) };
    },
  };
}
