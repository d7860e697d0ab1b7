import { z } from "zod";
import { nearest } from "../base/nearest.ts";

/**
 * Any name that the runtime resolves, including older ones (`Australia/Canberra`, `Etc/UTC`); otherwise suggests what
 * was most likely meant.
 */
export const timezone = () =>
  z.string().superRefine((zone, context) => {
    if (!resolves(zone))
      context.addIssue(`must be an IANA time zone; did you mean ${meant(zone) ?? "Australia/Sydney"}?`);
  });

function resolves(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-AU", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** `Perth`, `Australia/Pert` and `Sidney` are near a name in the list. */
function meant(zone: string): string | undefined {
  const known = Intl.supportedValuesOf("timeZone");
  const byPlace = new Map(known.map((name) => [placeOf(name), name]));
  for (const name of known.filter((each) => each.startsWith("Australia/"))) byPlace.set(placeOf(name), name);
  const place = nearest(placeOf(zone), [...byPlace.keys()]);
  return nearest(zone, known) ?? (place === undefined ? undefined : byPlace.get(place));
}

const placeOf = (zone: string): string => zone.slice(zone.lastIndexOf("/") + 1).replaceAll(" ", "_");
