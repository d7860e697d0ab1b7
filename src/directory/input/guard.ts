import { accessIndex } from "../../policy/people/permissions.ts";
import type { DirectoryPlan, StoredDirectory } from "./plan.ts";

/** A number out of a total. */
export interface Share {
  readonly lost: number;
  readonly of: number;
}

/** What a change of the directory takes away, and what it opens. */
export interface Losses {
  /** Active users who become inactive. */
  readonly deactivated: Share;
  /** Active users who lose AccessWhisper, including those who become inactive. */
  readonly access: Share;
  /** Deleted security groups, out of those that HealthTrack sent. */
  readonly groups: Share;
  /** Active users without AccessWhisper in HealthTrack, who gain it because the group Default is no longer sent. */
  readonly admitted: number;
}

export const NO_LOSSES: Losses = {
  deactivated: { lost: 0, of: 0 },
  access: { lost: 0, of: 0 },
  groups: { lost: 0, of: 0 },
  admitted: 0,
};

/** A single one is an ordinary leaver, however small the practice is. */
const FEWEST = 2;

/** More than half in one go is more likely a mistake. */
const isMass = ({ lost, of }: Share): boolean => lost >= FEWEST && lost * 2 > of;

export const isMassLoss = ({ deactivated, access, groups, admitted }: Losses): boolean =>
  [deactivated, access, groups].some(isMass) || admitted >= FEWEST;

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
    admitted: opensToAll(stored, wanted)
      ? [...after].filter((username) => stored.users.get(username)?.active && !before.has(username)).length
      : 0,
  };
}

/** Is Default, which HealthTrack had sent, missing now, so that everyone is in it? */
const opensToAll = (stored: StoredDirectory, wanted: StoredDirectory): boolean =>
  holdsEveryone(wanted) && stored.groups.size > 0 && !holdsEveryone(stored);

const holdsEveryone = ({ groups }: StoredDirectory): boolean =>
  [...groups.values()].some((group) => group.everyone);

/** The losses in words: `This would deactivate 3 of 4 active users.` */
export function lossSentence({ deactivated, access, groups, admitted }: Losses): string {
  const said = [
    isMass(deactivated) && `deactivate ${deactivated.lost} of ${deactivated.of} active users`,
    isMass(access) && `take AccessWhisper from ${access.lost} of the ${access.of} users who have it`,
    isMass(groups) && `delete ${groups.lost} of ${groups.of} security groups`,
    admitted >= FEWEST &&
      `give AccessWhisper to ${admitted} users who do not have it, because the group Default is missing`,
  ].filter((part) => part !== false);
  return `This would ${said.join(", and ")}. Nothing was changed.`;
}
