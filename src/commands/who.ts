import { inline, lines, link, plain, type Rich, strong } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { User } from "../policy/model.ts";
import type { Command } from "./command.ts";
import { findPerson } from "./find.ts";

/** `who`: how to reach someone (docs/product-text.md#s8). */
export const whoCommand: Command = {
  name: "who",
  words: ["details", "whois"],
  parameters: [{ name: "person" }],
  summary: words.whoSummary,
  examples: ["who dr.jones", "who Anna Jones"],
  run: async ({ asker, given }) => {
    const person = findPerson(asker, given.person ?? []);
    if (!person.ok) return plain(person.problem);
    const user = asker.directory.users.get(person.found);
    return user === undefined ? plain(words.nobody) : detailsOf(user);
  },
};

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
