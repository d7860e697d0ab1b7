import { z } from "zod";
import type { DirectoryChanges } from "../../directory/changes.ts";
import { deleteGroup, putGroup } from "../../directory/groups.ts";
import { importDirectory } from "../../directory/import.ts";
import { directorySchema, groupByIdSchema, groupId, groupSchema } from "../../directory/schema.ts";
import type { Naming } from "../../policy/model.ts";
import { queryFlag } from "../fields.ts";
import { type Route, writeRoute } from "../route.ts";
import { nameInPath, problemOfRefusal } from "./refusal.ts";

export interface DirectoryRouteParts {
  readonly naming: Naming;
  readonly changes: DirectoryChanges;
}

const count = () => z.int().min(0);
const importedSchema = z
  .strictObject({
    users: z.strictObject({ created: count(), updated: count(), unchanged: count(), deactivated: count() }),
    security_groups: z.strictObject({
      created: count(),
      updated: count(),
      unchanged: count(),
      deleted: count(),
    }),
    dry_run: z.literal(true).optional(),
    mass_deactivation: z
      .boolean()
      .optional()
      .describe("only of a dry run: it would be refused without leave"),
  })
  .meta({ id: "Imported" });

const DIRECTORY_LIMIT = 16 * 1024 * 1024;
const TAG = "Directory";

/** HealthTrack's users and security groups, as a whole, and groups one by one. */
export function directoryRoutes({ naming, changes }: DirectoryRouteParts): Route[] {
  return [
    writeRoute({
      method: "PUT",
      path: "/api/v1/directory",
      scope: "directory:write",
      tag: TAG,
      summary: "Send the whole directory",
      description: `Makes users and security groups what is sent, all or nothing. Users that are not sent become inactive and
leave all groups; groups that are not sent are deleted. The order of lists does not count.

The group Default (by its id or its name) holds AccessWhisper unless it is sent with \`permissions\`. While it is not sent, it
exists by itself, and everybody is in it; it is not counted then.`,
      query: z.strictObject({
        dry_run: queryFlag().describe("answer what would be done, and do nothing"),
        allow_mass_deactivation: queryFlag().describe(
          "go on although more than half of the active users become inactive",
        ),
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
          },
        },
      },
      problems: { 409: "More than half of the active users would become inactive. Nothing was changed." },
      handler: async ({ query, body }, { tx }) => {
        const done = await importDirectory(tx, naming, changes, body, {
          dryRun: query.dry_run,
          allowMassDeactivation: query.allow_mass_deactivation,
        });
        if ("refused" in done) throw problemOfRefusal(done, "directory");
        const { massDeactivation, ...counts } = done;
        if (!query.dry_run) return { status: 200, body: counts };
        return { status: 200, body: { ...counts, dry_run: true, mass_deactivation: massDeactivation } };
      },
    }),
    writeRoute({
      method: "PUT",
      path: "/api/v1/security-groups/{id}",
      scope: "directory:write",
      tag: TAG,
      summary: "Send one security group",
      params: z.strictObject({ id: groupId() }),
      body: groupByIdSchema,
      bodyExample: { name: "Nurses", members: ["kim.tran", "sam.okafor"] },
      responses: {
        200: {
          description: "The group as it is now",
          body: groupSchema,
          example: EXAMPLE.security_groups[0],
        },
      },
      handler: async ({ params, body }, { tx }) => {
        nameInPath("id", params.id, body.id);
        const group = await putGroup(tx, naming, changes, { ...body, id: params.id });
        if ("refused" in group) throw problemOfRefusal(group, "security group");
        const { everyone: _, ...shown } = group;
        return { status: 200, body: shown };
      },
    }),
    writeRoute({
      method: "DELETE",
      path: "/api/v1/security-groups/{id}",
      scope: "directory:write",
      tag: TAG,
      summary: "Delete one security group",
      params: z.strictObject({ id: groupId() }),
      responses: { 204: { description: "It is gone" } },
      problems: { 404: "There is no such group.", 409: "The group Default cannot be deleted." },
      handler: async ({ params }, { tx }) => {
        const refusal = await deleteGroup(tx, changes, params.id);
        if (refusal) throw problemOfRefusal(refusal, "security group");
        return { status: 204 };
      },
    }),
  ];
}

const EXAMPLE = {
  users: [
    {
      username: "anna.jones",
      name: "Dr Anna Jones",
      role: "General practitioner",
      email: "anna.jones@practice.example",
      mobile: "0412 345 678",
      doctor: true,
      locations: ["Rosebery"],
    },
    { username: "kim.tran", name: "Kim Tran", role: "Nurse", locations: ["Rosebery"] },
  ],
  security_groups: [{ id: "Nurses", name: "Nurses", permissions: [], members: ["kim.tran"] }],
} as const;
