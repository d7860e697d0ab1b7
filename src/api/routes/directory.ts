import { z } from "zod";
import { problemsOfGroup } from "../../directory/ambiguous-groups.ts";
import type { ChangesBy } from "../../directory/directory-change.ts";
import { deleteGroup, putGroup } from "../../directory/groups.ts";
import { type Imported, importDirectory } from "../../directory/import.ts";
import { placesOf } from "../../directory/input/record.ts";
import { directorySchema, groupByIdSchema, groupId, groupSchema } from "../../directory/input/schema.ts";
import type { PracticeSettings } from "../../policy/model.ts";
import { actorOf } from "../kernel/actor.ts";
import { queryFlag } from "../kernel/fields.ts";
import { type Route, writeRoute } from "../kernel/route.ts";
import { nameInPath, problemOfRefusal } from "./directory-problem.ts";

/** A longer list helps nobody. */
const MOST_TOLD = 1_000;

export interface DirectoryRouteDependencies {
  readonly settings: PracticeSettings;
  readonly changes: ChangesBy;
}

const count = () => z.int().min(0);
export const problemSchema = z
  .strictObject({
    path: z.string().describe("where, such as `users[3].email`"),
    message: z.string().describe("what is wrong, and what to do"),
    kept: z
      .enum(["as known", "left out"])
      .describe("what Whisper did instead: kept its own value, or ignored what was sent"),
  })
  .meta({ id: "DirectoryProblem" });
const groupPutSchema = groupSchema
  .extend({
    problems: z
      .array(problemSchema)
      .optional()
      .describe(
        "other groups are also called Default or HMS-Administrator, so Whisper can't tell which one is meant",
      ),
  })
  .meta({ id: "SecurityGroupPut" });
const importedSchema = z
  .strictObject({
    users: z.strictObject({ created: count(), updated: count(), unchanged: count(), deactivated: count() }),
    security_groups: z.strictObject({
      created: count(),
      updated: count(),
      unchanged: count(),
      deleted: count(),
    }),
    problems: z.array(problemSchema).describe(`what could not be accepted as sent; the first ${MOST_TOLD}`),
    more_problems: count().optional().describe("the number of problems that `problems` does not list"),
    dry_run: z.literal(true).optional(),
    access_lost: count().optional().describe("dry run only: users who would lose AccessWhisper"),
    memberships_lost: count().optional().describe("dry run only: security group memberships that would end"),
    mass_deactivation: z
      .boolean()
      .optional()
      .describe("dry run only: it would be refused without `allow_mass_deactivation`"),
  })
  .meta({ id: "Imported" });

const DIRECTORY_LIMIT = 16 * 1024 * 1024;
const TAG = "Directory";

/** HealthTrack's users and security groups, as a whole, and groups one by one. */
export function directoryRoutes({ settings, changes }: DirectoryRouteDependencies): Route[] {
  return [
    writeRoute({
      method: "PUT",
      path: "/api/v1/directory",
      scope: "directory:write",
      tag: TAG,
      summary: "Send the whole directory",
      description: `Replaces all users and security groups. Users missing from the body become inactive and
leave all groups. Groups missing from the body are deleted. The order of lists does not matter.

Whisper accepts what it can read and lists the rest in \`problems\`. If a record cannot be read, the person or group stays as it was. If a
field cannot be read, it keeps its value. Unknown members are left out. If Whisper cannot even tell whom a record is about,
it deactivates nobody and deletes no group for being missing. A body of the wrong shape is a 400, and nothing changes.

Surrounding blanks are ignored, blank text counts as missing, and so does \`null\`. A user name or group id that differs from a known one
only in case is the same. A group sent without \`members\` keeps its members.

The group Default (found by its id or its name) has AccessWhisper unless it is sent with \`permissions\`. If it is not sent, it
exists anyway with everyone in it, and is not counted.`,
      query: z.strictObject({
        dry_run: queryFlag().describe("report what would change, and change nothing"),
        strict: queryFlag().describe("all or nothing: any problem is a 400, and nothing changes"),
        allow_mass_deactivation: allowMass(),
      }),
      body: directorySchema,
      bodyExample: EXAMPLE,
      bodyLimit: DIRECTORY_LIMIT,
      responses: {
        200: {
          description: "What was changed, or what would change.",
          body: importedSchema,
          example: {
            users: { created: 1, updated: 0, unchanged: 1, deactivated: 0 },
            security_groups: { created: 0, updated: 1, unchanged: 0, deleted: 0 },
            problems: [
              { path: "users[1].email", message: "Must be an email address, or left out", kept: "as known" },
            ],
          },
        },
      },
      checksOwnText: true,
      problems: {
        409: "More than half of the active users would become inactive or lose AccessWhisper, or more than half of the groups would be deleted. Nothing was changed.",
      },
      handler: async ({ query, body }, { tx, log, caller }) => {
        const done = await importDirectory(tx, settings, changes(actorOf(caller)), body, {
          dryRun: query.dry_run,
          strict: query.strict,
          allowMassDeactivation: query.allow_mass_deactivation,
        });
        if ("refused" in done) throw problemOfRefusal(done, "directory");
        const { counts, problems } = done;
        if (problems.length > 0) log.warn({ problems: placesOf(problems) }, "a directory came with problems");
        const more = problems.length - MOST_TOLD;
        return {
          status: 200,
          body: {
            ...counts,
            problems: problems
              .slice(0, MOST_TOLD)
              .map(({ path, message, kept }) => ({ path, message, kept })),
            ...(more > 0 ? { more_problems: more } : {}),
            ...(query.dry_run ? dryRun(done) : {}),
          },
        };
      },
    }),
    writeRoute({
      method: "PUT",
      path: "/api/v1/security-groups/{id}",
      scope: "directory:write",
      tag: TAG,
      summary: "Send one security group",
      params: z.strictObject({ id: groupId() }),
      query: z.strictObject({ allow_mass_deactivation: allowMass() }),
      body: groupByIdSchema,
      bodyExample: { name: "Nurses", members: ["kim.tran", "sam.okafor"] },
      responses: {
        200: {
          description: "The group as it is now.",
          body: groupPutSchema,
          example: EXAMPLE.security_groups[0],
        },
      },
      problems: { 409: "More than half of those who have AccessWhisper would lose it. Nothing was changed." },
      handler: async ({ params, query, body }, { tx, caller }) => {
        nameInPath("id", params.id, body.id);
        const options = { allowMassDeactivation: query.allow_mass_deactivation };
        const by = changes(actorOf(caller));
        const group = await putGroup(tx, settings, by, { ...body, id: params.id }, options);
        if ("refused" in group) throw problemOfRefusal(group, "security group");
        const { everyone: _, ...shown } = group;
        const problems = await problemsOfGroup(tx, group);
        return { status: 200, body: { ...shown, ...(problems.length > 0 ? { problems } : {}) } };
      },
    }),
    writeRoute({
      method: "DELETE",
      path: "/api/v1/security-groups/{id}",
      scope: "directory:write",
      tag: TAG,
      summary: "Delete one security group",
      params: z.strictObject({ id: groupId() }),
      query: z.strictObject({ allow_mass_deactivation: allowMass() }),
      responses: { 204: { description: "The group is deleted." } },
      problems: {
        404: "There is no such group.",
        409: "The group Default cannot be deleted. Or more than half of those who have AccessWhisper would lose it.",
      },
      handler: async ({ params, query }, { tx, caller }) => {
        const options = { allowMassDeactivation: query.allow_mass_deactivation };
        const refusal = await deleteGroup(tx, changes(actorOf(caller)), params.id, options);
        if (refusal) throw problemOfRefusal(refusal, "security group");
        return { status: 204 };
      },
    }),
  ];
}

const allowMass = () =>
  queryFlag().describe(
    "continue even if more than half of the users lose access, or more than half of the groups are deleted",
  );

const dryRun = ({ losses, membershipsLost, massLoss }: Imported) =>
  ({
    dry_run: true,
    access_lost: losses.access.lost,
    memberships_lost: membershipsLost,
    mass_deactivation: massLoss,
  }) as const;

const EXAMPLE = {
  users: [
    {
      username: "anna.jones",
      name: "Dr Anna Jones",
      role: "General practitioner",
      email: "anna.jones@practice.example",
      mobile: "0412 345 678",
      doctor: true,
      doctor_ids: ["MO-12"],
      locations: ["Rosebery"],
    },
    { username: "kim.tran", name: "Kim Tran", role: "Nurse", locations: ["Rosebery"] },
  ],
  security_groups: [{ id: "Nurses", name: "Nurses", permissions: [], members: ["kim.tran"] }],
} as const;
