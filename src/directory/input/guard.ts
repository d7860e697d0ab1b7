import { accessIndex } from "../../policy/people/permissions.ts";
import type { DirectoryPlan, StoredDirectory } from "./plan.ts";

/** A number out of a total. */
export interface Share {
  readonly lost: number;
  readonly of: number;
}

/** What a change of the directory takes away. */
export interface Losses {
  /** Active users who become inactive. */
  readonly deactivated: Share;
  /** Active users who lose AccessWhisper, including those who become inactive. */
  readonly access: Share;
  /** Deleted security groups, out of those that HealthTrack sent. */
  readonly groups: Share;
}

export const NO_LOSSES: Losses = {
  deactivated: { lost: 0, of: 0 },
  access: { lost: 0, of: 0 },
  groups: { lost: 0, of: 0 },
};

/** A single one is an ordinary leaver, however small the practice is. */
const FEWEST = 2;

/** More than half in one go is more likely a mistake. */
const isMass = ({ lost, of }: Share): boolean => lost >= FEWEST && lost * 2 > of;

export const isMassLoss = ({ deactivated, access, groups }: Losses): boolean =>
  [deactivated, access, groups].some(isMass);

export function lossesOf(stored: StoredDirectory, wanted: StoredDirectory, plan: DirectoryPlan): Losses {
  const active = [...stored.users.values()].filter((user) => user.active).length;
  const before = accessIndex({ users: stored.users, securityGroups: stored.groups }).withAccess;
  const after = accessIndex({ users: wanted.users, securityGroups: wanted.groups }).withAccess;
  return {
    deactivated: { lost: plan.users.deactivated.length, of: active },
    access: { lost: [...before].filter((username) => !after.has(username)).length, of: before.size },
    groups: {
      lost: plan.groups.counts.deleted,
      of: [...stored.groups.values()].filter((group) => !group.everyone).length,
    },
  };
}

/** The losses in words: `This would deactivate 3 of 4 active users.` */
export function lossSentence({ deactivated, access, groups }: Losses): string {
  const said = [
    isMass(deactivated) && `deactivate ${deactivated.lost} of ${deactivated.of} active users`,
    isMass(access) && `take AccessWhisper from ${access.lost} of the ${access.of} users who have it`,
    isMass(groups) && `delete ${groups.lost} of ${groups.of} security groups`,
  ].filter((part) => part !== false);
  return `This would ${said.join(", and ")}. Nothing was changed.`;
}
