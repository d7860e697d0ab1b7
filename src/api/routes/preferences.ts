import { z } from "zod";
import type { DirectoryChanges } from "../../directory/directory-change.ts";
import { username } from "../../directory/input/schema.ts";
import {
  changePreferences,
  preferencesPatchSchema,
  preferencesSchema,
  readPreferences,
} from "../../directory/preferences.ts";
import type { Database } from "../../store/database.ts";
import { notFound } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";
import { problemOfRefusal, userInAddress } from "./refusal.ts";

const params = z.strictObject({ username: username() });
const EXAMPLE = {
  open_on_message: true,
  keep_hidden: false,
  never_receive: false,
  open_on_startup: false,
  patient_arrived_alerts: "own",
} as const;

/** Whisper Settings and Patient Arrived Alerts of a user. */
export function preferenceRoutes({
  database,
  changes,
}: {
  readonly database: Database;
  readonly changes: DirectoryChanges;
}): Route[] {
  const common = {
    path: "/api/v1/users/{username}/preferences",
    tag: "Users",
    params,
    responses: {
      200: { description: "The settings now in effect.", body: preferencesSchema, example: EXAMPLE },
    },
    problems: { 404: "There is no such user." },
  } as const;
  return [
    route({
      ...common,
      method: "GET",
      scope: "users:read",
      summary: "Read a user's settings",
      handler: async ({ params }) => {
        const preferences = await readPreferences(database, await userInAddress(database, params.username));
        if (!preferences) throw notFound("such user");
        return { status: 200, body: preferences };
      },
    }),
    writeRoute({
      ...common,
      method: "PATCH",
      scope: "users:write",
      summary: "Change a user's settings",
      description:
        "Settings left out stay as they are. `patient_arrived_alerts: null` restores the default: `own` for doctors, `off` for others.",
      body: preferencesPatchSchema,
      bodyExample: { never_receive: true },
      handler: async ({ params, body }, { tx }) => {
        const username = await userInAddress(tx, params.username);
        const preferences = await changePreferences(tx, changes, username, body);
        if ("refused" in preferences) throw problemOfRefusal(preferences, "user");
        return { status: 200, body: preferences };
      },
    }),
  ];
}
