import { ADMINISTRATOR_GROUP, DEFAULT_GROUP, type SecurityGroupId } from "../../policy/model.ts";
import { type GroupName, groupCalled } from "../../policy/people/group-called.ts";
import type { DirectoryProblem } from "./record.ts";

/** Groups whose name has a meaning, where nobody can tell which of several is meant. */

export const SHIPPED = [DEFAULT_GROUP, ADMINISTRATOR_GROUP] as const;

export const ambiguousGroups = (groups: readonly GroupName[]): DirectoryProblem[] =>
  SHIPPED.filter((shipped) => groupCalled(groups, shipped) === "several").map((shipped) =>
    ambiguous(shipped, "security_groups"),
  );

/** @param path the field that cannot be followed. */
export const ambiguous = (shipped: SecurityGroupId, path: string): DirectoryProblem => ({
  path,
  message: `Several groups are called ${shipped}, and none has that id: it cannot be told which is HealthTrack's. Rename the others, or send that one with the id ${shipped}`,
  kept: "left out",
});
