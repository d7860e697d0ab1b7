import { bullets, lines, plain } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { Directory, Username } from "../policy/model.ts";
import type { HandleTarget } from "../policy/names/names.ts";
import { describePath, groupTitle, membershipPaths } from "../policy/people/members.ts";
import { isActive, securityGroupsOf } from "../policy/people/permissions.ts";
import type { Command } from "./command.ts";
import { findGroup, findPerson } from "./find.ts";
import { nameOfPerson } from "./names.ts";

/** `why`: why someone is a member of a group. Anyone may ask: groups and their members are not secret here. */
export const whyCommand: Command = {
  name: "why",
  words: ["explain"],
  parameters: [{ name: "person", optional: true }, { keyword: "in", optional: true }, { name: "group" }],
  summary: words.whySummary,
  examples: ['why dr.jones in "Night shift"', "why Night shift"],
  run: async ({ asker, given }) => {
    const group = findGroup(asker, given.group ?? []);
    if (!group.ok) return plain(group.problem);
    const person = findPerson(asker, given.person ?? []);
    if (!person.ok) return plain(person.problem);
    const { directory } = asker;
    const name = nameOfPerson(directory, person.found);
    const title = groupTitle(directory, group.found);
    const ways = waysInto(directory, group.found, person.found);
    if (ways.length === 0) return plain(words.notMember(name, title));
    return lines(plain(words.isMember(name, title)), bullets(ways.map(plain)));
  },
};

function waysInto(directory: Directory, group: HandleTarget, person: Username): string[] {
  if ("customGroup" in group) {
    return membershipPaths(directory, group.customGroup, person).map((path) => describePath(directory, path));
  }
  const member = isActive(directory, person) && securityGroupsOf(directory, person).has(group.securityGroup);
  return member ? [words.bySecurityGroup] : [];
}
