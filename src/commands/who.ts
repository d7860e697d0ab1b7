import { inline, lines, link, plain, type Rich, strong } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { User } from "../policy/model.ts";
import type { HandleTarget } from "../policy/names/names.ts";
import { groupTitle, peopleIn } from "../policy/people/members.ts";
import { isWhisperAdmin } from "../policy/people/permissions.ts";
import type { Command } from "./command.ts";
import { type Asker, findGroup, findPerson } from "./find.ts";
import { membersOf } from "./members.ts";

/**
 * `who`: how to reach someone (docs/product-text.md#s8), or who is in a group. Security groups are known to everyone;
 * who is in a custom group is known to its members, and to those who look after Whisper.
 */
export const whoCommand: Command = {
  name: "who",
  words: ["details", "whois"],
  parameters: [{ name: "person or group" }],
  summary: words.whoSummary,
  examples: ["who dr.jones", "who Anna Jones", 'who "Night shift"'],
  run: async ({ asker, given }) => {
    const named = given["person or group"] ?? [];
    const person = findPerson(asker, named);
    if (!person.ok) {
      const group = findGroup(asker, named);
      return group.ok ? membersFor(asker, group.found) : plain(person.problem);
    }
    const user = asker.directory.users.get(person.found);
    return user === undefined ? plain(words.nobody) : detailsOf(user);
  },
};

function membersFor({ directory, username }: Asker, group: HandleTarget): Rich {
  const isOpen =
    "securityGroup" in group ||
    peopleIn(directory, group).has(username) ||
    isWhisperAdmin(directory, username);
  return isOpen ? membersOf(directory, group) : plain(words.membersOnly(groupTitle(directory, group)));
}

export function detailsOf(user: User): Rich {
  const role = user.role === null || user.role === "" ? "" : ` · ${user.role}`;
  const where = user.locations.length === 0 ? [] : [plain(words.worksAt(user.locations))];
  return lines(
    inline(strong(user.name), plain(role)),
    ...(user.active ? [] : [plain(words.leftPractice)]),
    user.email === null
      ? plain(words.noEmail)
      : inline(plain(words.email), link(`mailto:${user.email}`, user.email)),
    plain(user.mobile === null ? words.noMobile : words.mobile(user.mobile)),
    ...where,
  );
}
