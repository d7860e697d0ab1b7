import { shownName } from "../base/shown-name.ts";
import type { Directory, Selection, Username } from "../policy/model.ts";
import { groupTitle } from "../policy/people/members.ts";
import * as rules from "../policy/words.ts";

export const nameOfPerson = (directory: Directory, username: Username): string =>
  shownName(directory.users.get(username)?.name ?? rules.unknownPerson);

/** `Doctors (group), Anna Jones and Ben Okafor` */
export const selectionNames = (
  directory: Directory,
  { users, securityGroups, customGroups }: Selection,
): string =>
  rules.listOfNames([
    ...securityGroups.map((securityGroup) => groupTitle(directory, { securityGroup })),
    ...customGroups.map((customGroup) => groupTitle(directory, { customGroup })),
    ...users.map((username) => nameOfPerson(directory, username)),
  ]);
