import { z } from "zod";
import { trimmed } from "../../base/trimmed.ts";
import { problemsOfAdmin } from "../../directory/ambiguous-groups.ts";
import { problemsOfIds } from "../../directory/doctor-ids.ts";
import { type SentUser, userByNameSchema, username, userSchema } from "../../directory/input/schema.ts";
import { deactivateUser, putUser, readUser, searchUsers } from "../../directory/users.ts";
import { closePatient, openPatient } from "../../patients/current-patient.ts";
import type { Database } from "../../store/database.ts";
import { actorOf } from "../kernel/actor.ts";
import { cursorParameter, keysOf, nextCursor, textOfKey, writeCursor } from "../kernel/cursor.ts";
import { id, queryInteger } from "../kernel/fields.ts";
import { notFound } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";
import { type DirectoryRouteDependencies, problemSchema } from "./directory.ts";
import { nameInPath, problemOfRefusal, userInAddress } from "./directory-problem.ts";

export interface UserRouteDependencies extends DirectoryRouteDependencies {
  readonly database: Database;
}

const TAG = "Users";
const params = z.strictObject({ username: username() });
const EXAMPLE = {
  username: "kim.tran",
  name: "Kim Tran",
  role: "Nurse",
  active: true,
  permissions: [],
  doctor: false,
  doctor_ids: [],
  locations: ["Rosebery"],
};
const userPutSchema = userSchema
  .extend({
    problems: z
      .array(problemSchema)
      .optional()
      .describe(
        "`doctor_ids` that are also another user's id or user name: they do not find this user. Or WhisperAdmin, if several " +
          "groups are called HMS-Administrator: it has no effect until only one is",
      ),
  })
  .meta({ id: "UserPut" });
const UNKNOWN = { 404: "There is no such user." } as const;

/** Single users, and the patient record that each has open. */
export function userRoutes({ database, settings, changes }: UserRouteDependencies): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/users",
      scope: "users:read",
      tag: TAG,
      summary: "Find users",
      description: "Includes inactive users. Sorted by user name.",
      query: z.strictObject({
        query: z
          .string()
          .overwrite(trimmed)
          .max(255)
          .optional()
          .describe("part of a user name or a name, ignoring case"),
        limit: queryInteger({ min: 1, max: 1_000, default: 100 }),
        cursor: cursorParameter("text"),
      }),
      responses: {
        200: {
          description: "A page of users.",
          body: z.strictObject({ users: z.array(userSchema), next_cursor: nextCursor() }),
          example: { users: [EXAMPLE], next_cursor: null },
        },
      },
      handler: async ({ query }) => {
        const after = keysOf(query.cursor);
        const found = await searchUsers(database, {
          query: query.query,
          after: after && textOfKey(after[0]),
          limit: query.limit,
        });
        const page = found.slice(0, query.limit);
        const last = found.length > query.limit ? page.at(-1) : undefined;
        return {
          status: 200,
          body: { users: page.map(shown), next_cursor: last ? writeCursor(last.username) : null },
        };
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/users/{username}",
      scope: "users:read",
      tag: TAG,
      summary: "Read one user",
      params,
      responses: { 200: { description: "The user.", body: userSchema, example: EXAMPLE } },
      problems: UNKNOWN,
      handler: async ({ params }) => {
        const user = await readUser(database, await userInAddress(database, params.username));
        if (!user) throw notFound("such user");
        return { status: 200, body: shown(user) };
      },
    }),
    writeRoute({
      method: "PUT",
      path: "/api/v1/users/{username}",
      scope: "directory:write",
      tag: TAG,
      summary: "Send one user",
      description:
        "Adds or replaces the user. A user name that differs from a known one only in case is the same person. Fields left " +
        "out get their default; they do not keep their value. Any field that cannot be read is a 400.",
      params,
      body: userByNameSchema,
      bodyExample: { name: "Kim Tran", role: "Nurse", locations: ["Rosebery"] },
      responses: {
        200: { description: "The user as they are now.", body: userPutSchema, example: EXAMPLE },
      },
      handler: async ({ params, body }, { tx, caller }) => {
        nameInPath("username", params.username, body.username);
        const by = changes(actorOf(caller));
        const user = await putUser(tx, settings, by, { ...body, username: params.username });
        if ("refused" in user) throw problemOfRefusal(user, "user");
        const problems = [
          ...(await problemsOfIds(tx, user, body.doctor_ids)),
          ...(await problemsOfAdmin(tx, user, body.permissions)),
        ];
        return { status: 200, body: { ...shown(user), ...(problems.length > 0 ? { problems } : {}) } };
      },
    }),
    writeRoute({
      method: "DELETE",
      path: "/api/v1/users/{username}",
      scope: "directory:write",
      tag: TAG,
      summary: "Deactivate one user",
      description:
        "They leave every conversation and cannot sign in. If they are sent again as active, everything is as before.",
      params,
      responses: { 204: { description: "The user is inactive." } },
      problems: UNKNOWN,
      handler: async ({ params }, { tx, caller }) => {
        const username = await userInAddress(tx, params.username);
        const user = await deactivateUser(tx, changes(actorOf(caller)), username);
        if ("refused" in user) throw problemOfRefusal(user, "user");
        return { status: 204 };
      },
    }),
    writeRoute({
      method: "PUT",
      path: "/api/v1/users/{username}/current-patient",
      scope: "users:write",
      tag: TAG,
      summary: "Set whose record the user has open",
      description: "`#patient` alone in a message then means this patient.",
      params,
      body: z.strictObject({ patient_id: id().describe("the patient's id in HealthTrack") }),
      bodyExample: { patient_id: "12345" },
      responses: { 204: { description: "The open patient is set." } },
      problems: UNKNOWN,
      handler: async ({ params, body }, { tx }) => {
        const username = await userInAddress(tx, params.username);
        if (!(await openPatient(tx, username, body.patient_id))) throw notFound("such user");
        return { status: 204 };
      },
    }),
    writeRoute({
      method: "DELETE",
      path: "/api/v1/users/{username}/current-patient",
      scope: "users:write",
      tag: TAG,
      summary: "Set that the user has no record open",
      params,
      responses: { 204: { description: "No patient is open." } },
      problems: UNKNOWN,
      handler: async ({ params }, { tx }) => {
        const username = await userInAddress(tx, params.username);
        if (!(await closePatient(tx, username))) throw notFound("such user");
        return { status: 204 };
      },
    }),
  ];
}

/** In the form in which it is sent: unknown values are left out. */
function shown({ role, email, mobile, ...user }: SentUser): z.input<typeof userSchema> {
  return {
    ...user,
    ...(role === null ? {} : { role }),
    ...(email === null ? {} : { email }),
    ...(mobile === null ? {} : { mobile }),
  };
}
