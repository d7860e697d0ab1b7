import { z } from "zod";
import { problemsOfAdmin } from "../../directory/ambiguous-groups.ts";
import { problemsOfIds } from "../../directory/input/doctor-ids.ts";
import { type SentUser, userByNameSchema, username, userSchema } from "../../directory/input/schema.ts";
import { deactivateUser, putUser, readUser, searchUsers } from "../../directory/users.ts";
import { closePatient, openPatient } from "../../patients/current-patient.ts";
import type { Database } from "../../store/database.ts";
import { cursorParameter, keysOf, nextCursor, textOfKey, writeCursor } from "../kernel/cursor.ts";
import { id, queryInteger } from "../kernel/fields.ts";
import { notFound } from "../kernel/problem.ts";
import { type Route, route, writeRoute } from "../kernel/route.ts";
import { type DirectoryRouteDependencies, problemSchema } from "./directory.ts";
import { nameInPath, problemOfRefusal, userInAddress } from "./refusal.ts";

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
        "`doctor_ids` that another user has too, or is called: nobody is found by them. WhisperAdmin, while several " +
          "groups are called HMS-Administrator: it does nothing until only one is",
      ),
  })
  .meta({ id: "UserPut" });
const UNKNOWN = { 404: "There is no such user." } as const;

/** Users one by one, and the patient that each has open. */
export function userRoutes({ database, settings, changes }: UserRouteDependencies): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/users",
      scope: "users:read",
      tag: TAG,
      summary: "Find users",
      description: "Inactive users are among them. By user name.",
      query: z.strictObject({
        query: z
          .string()
          .max(255)
          .optional()
          .describe("part of a user name or a name, capital letters or not"),
        limit: queryInteger({ min: 1, max: 1_000, default: 100 }),
        cursor: cursorParameter("text"),
      }),
      responses: {
        200: {
          description: "A page of users",
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
      responses: { 200: { description: "The user", body: userSchema, example: EXAMPLE } },
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
        "Adds them, or makes them what is sent; another spelling of a user name that is known is the same person. What is left " +
        "out gets its default, it is not kept as it was. One record is its sender's own: what cannot be read in it is a 400.",
      params,
      body: userByNameSchema,
      bodyExample: { name: "Kim Tran", role: "Nurse", locations: ["Rosebery"] },
      responses: {
        200: { description: "The user as they are now", body: userPutSchema, example: EXAMPLE },
      },
      handler: async ({ params, body }, { tx }) => {
        nameInPath("username", params.username, body.username);
        const user = await putUser(tx, settings, changes, { ...body, username: params.username });
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
        "They leave every conversation and cannot sign in. Sent again as active, they are back as before.",
      params,
      responses: { 204: { description: "They are inactive" } },
      problems: UNKNOWN,
      handler: async ({ params }, { tx }) => {
        const user = await deactivateUser(tx, changes, await userInAddress(tx, params.username));
        if ("refused" in user) throw problemOfRefusal(user, "user");
        return { status: 204 };
      },
    }),
    writeRoute({
      method: "PUT",
      path: "/api/v1/users/{username}/current-patient",
      scope: "users:write",
      tag: TAG,
      summary: "Say whose record the user has open",
      description: "`#patient` alone in a message means this patient.",
      params,
      body: z.strictObject({ patient_id: id().describe("the id of the patient in HealthTrack") }),
      bodyExample: { patient_id: "12345" },
      responses: { 204: { description: "It is known" } },
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
      summary: "Say that the user has no record open",
      params,
      responses: { 204: { description: "It is known" } },
      problems: UNKNOWN,
      handler: async ({ params }, { tx }) => {
        const username = await userInAddress(tx, params.username);
        if (!(await closePatient(tx, username))) throw notFound("such user");
        return { status: 204 };
      },
    }),
  ];
}

/** As it was sent: what is not known is left out. */
function shown({ role, email, mobile, ...user }: SentUser): z.input<typeof userSchema> {
  return {
    ...user,
    ...(role === null ? {} : { role }),
    ...(email === null ? {} : { email }),
    ...(mobile === null ? {} : { mobile }),
  };
}
