import { z } from "zod";
import type { ChangesBy } from "../../directory/directory-change.ts";
import { username } from "../../directory/input/schema.ts";
import {
  changePreferences,
  preferencesPatchSchema,
  preferencesSchema,
  readPreferences,
} from "../../directory/preferences.ts";
import type { AlertRoles } from "../../policy/people/alert-roles.ts";
import type { Database } from "../../store/database.ts";
import { actorOf } from "../kernel/actor.ts";
import { notFound } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";
import { problemOfRefusal, userInAddress } from "./directory-problem.ts";

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
  alertRoles,
}: {
  readonly database: Database;
  readonly changes: ChangesBy;
  readonly alertRoles: AlertRoles;
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
        const username = await userInAddress(database, params.username);
        const preferences = await readPreferences(database, username, alertRoles);
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
        "Settings left out stay as they are. `patient_arrived_alerts: null` restores the default: `own` for doctors, `off` for others. " +
        "The practice may limit `location` and `all` to roles (`arrivals.alert_roles`): 403 for anyone else, and the default holds for those who lose the role.",
      body: preferencesPatchSchema,
      bodyExample: { never_receive: true },
      problems: { ...common.problems, 403: "The user's role may not choose these Patient Arrived Alerts." },
      handler: async ({ params, body }, { tx, caller }) => {
        const username = await userInAddress(tx, params.username);
        const preferences = await changePreferences(tx, changes(actorOf(caller)), username, body, alertRoles);
        if ("refused" in preferences) throw problemOfRefusal(preferences, "user");
        return { status: 200, body: preferences };
      },
    }),
  ];
}
