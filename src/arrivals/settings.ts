import type { Config } from "../config/schema.ts";
import { foldLocation } from "../policy/names/locations.ts";
import type { ArrivalSettings } from "./dependencies.ts";

/** What arrivals need from the configuration. */
export const arrivalSettings = ({ arrivals, practice, public_url }: Config): ArrivalSettings => ({
  show: arrivals.show,
  zone: {
    timezone: practice.timezone,
    locations: new Map(
      Object.entries(practice.locations ?? {}).map(([name, zone]) => [foldLocation(name), zone]),
    ),
  },
  publicUrl: public_url,
  quickReplies: arrivals.quick_replies,
  escalation: arrivals.escalation,
  reception: arrivals.reception,
  kiosks: arrivals.kiosks,
  staleAfter: arrivals.stale_after,
});
