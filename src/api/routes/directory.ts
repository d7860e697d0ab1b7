import { z } from "zod";
import { problemsOfGroup } from "../../directory/ambiguous-groups.ts";
import type { ImportChanges } from "../../directory/changes.ts";
import { deleteGroup, putGroup } from "../../directory/groups.ts";
import { type Imported, importDirectory } from "../../directory/import.ts";
import { placesOf } from "../../directory/input/record.ts";
import { directorySchema, groupByIdSchema, groupId, groupSchema } from "../../directory/input/schema.ts";
import type { PracticeSettings } from "../../policy/model.ts";
import { queryFlag } from "../kernel/fields.ts";
import { type Route, writeRoute } from "../kernel/route.ts";
import { nameInPath, problemOfRefusal } from "./refusal.ts";

/** More than these help nobody. */
const MOST_TOLD = 1_000;

export interface DirectoryRouteDependencies {
  readonly settings: PracticeSettings;
  readonly changes: ImportChanges;
}

const count = () => z.int().min(0);
export const problemSchema = z
  .strictObject({
    path: z.string().describe("where, such as `users[3].email`"),
    message: z.string().describe("what is wrong, and what to do"),
    kept: z
      .enum(["as known", "left out"])
      .describe("what was done instead: it stays as Whisper knows it, or is as if it had not been sent"),
  })
  .meta({ id: "DirectoryProblem" });
const groupPutSchema = groupSchema
  .extend({
    problems: z
      .array(problemSchema)
      .optional()
      .describe(
        "that other groups are called Default or HMS-Administrator too: nobody can tell which is meant",
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
    problems: z
      .array(problemSchema)
      .describe(`what could not be taken as it was sent; the first ${MOST_TOLD}`),
    more_problems: count().optional().describe("how many more there are than `problems` lists"),
    dry_run: z.literal(true).optional(),
    access_lost: count().optional().describe("only of a dry run: users who would lose AccessWhisper"),
    memberships_lost: count()
      .optional()
      .describe("only of a dry run: memberships in security groups that would end"),
    mass_deactivation: z
      .boolean()
      .optional()
      .describe("only of a dry run: it would be refused without `allow_mass_deactivation`"),
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
      description: `Makes users and security groups what is sent. Users that are not sent become inactive and
leave all groups; groups that are not sent are deleted. The order of lists does not count.

What is good is taken, and what is not is in \`problems\`: a record that cannot be read leaves the person or group as known, a field
that cannot be read is kept as known, and a member whom nobody knows is left out. While it cannot even be told whose a record is,
nobody is deactivated and no group is deleted for not being there. A body of the wrong shape is a 400, and nothing is changed.

Blanks around any text do not count, blank text is none, and \`null\` is left out. A user name or group id that differs from a known one in
capitals only is the same. A group that is sent without \`members\` keeps those that it has.

The group Default (by its id or its name) holds AccessWhisper unless it is sent with \`permissions\`. While it is not sent, it
exists by itself, and everybody is in it; it is not counted then.`,
      query: z.strictObject({
        dry_run: queryFlag().describe("answer what would be done, and do nothing"),
        strict: queryFlag().describe("all or nothing: any problem is a 400, and nothing is changed"),
        allow_mass_deactivation: allowMass(),
      }),
      body: directorySchema,
      bodyExample: EXAMPLE,
      bodyLimit: DIRECTORY_LIMIT,
      responses: {
        200: {
          description: "What was done, or what would be done",
          body: importedSchema,
          example: {
            users: { created: 1, updated: 0, unchanged: 1, deactivated: 0 },
            security_groups: { created: 0, updated: 1, unchanged: 0, deleted: 0 },
            problems: [
              { path: "users[1].email", message: "Must be an e-mail address, or left out", kept: "as known" },
            ],
          },
        },
      },
      checksOwnText: true,
      problems: {
        409: "More than half of the active users would become inactive or lose AccessWhisper, or more than half of the groups be deleted. Nothing was changed.",
      },
      handler: async ({ query, body }, { tx, log }) => {
        const done = await importDirectory(tx, settings, changes, body, {
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
          description: "The group as it is now",
          body: groupPutSchema,
          example: EXAMPLE.security_groups[0],
        },
      },
      problems: { 409: "More than half of those who have AccessWhisper would lose it. Nothing was changed." },
      handler: async ({ params, query, body }, { tx }) => {
        nameInPath("id", params.id, body.id);
        const options = { allowMassDeactivation: query.allow_mass_deactivation };
        const group = await putGroup(tx, settings, changes, { ...body, id: params.id }, options);
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
      responses: { 204: { description: "It is gone" } },
      problems: {
        404: "There is no such group.",
        409: "The group Default cannot be deleted; or more than half of those who have AccessWhisper would lose it.",
      },
      handler: async ({ params, query }, { tx }) => {
        const options = { allowMassDeactivation: query.allow_mass_deactivation };
        const refusal = await deleteGroup(tx, changes, params.id, options);
        if (refusal) throw problemOfRefusal(refusal, "security group");
        return { status: 204 };
      },
    }),
  ];
}

const allowMass = () =>
  queryFlag().describe("go on although more than half lose their access, or more than half of the groups go");

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
