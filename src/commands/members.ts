import { shownName } from "../base/shown-name.ts";
import { bullets, lines, plain, type Rich } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { ConversationId, Directory, Username } from "../policy/model.ts";
import type { HandleTarget } from "../policy/names/names.ts";
import { groupTitle, peopleIn } from "../policy/people/members.ts";
import { nameOfPerson } from "./names.ts";

/** The most people named for each way into a group. */
const MOST_NAMES = 50;

/** Who is in a group, by the ways into it: set in HealthTrack, added directly, or through a group in it. */
export function membersOf(directory: Directory, target: HandleTarget): Rich {
  const parts =
    "customGroup" in target
      ? partsOf(directory, target.customGroup)
      : [part(directory, words.bySecurityGroup, peopleIn(directory, target))];
  const heading = words.membersOf(shownName(groupTitle(directory, target)), peopleIn(directory, target).size);
  return lines(plain(heading), bullets(parts.flatMap((each) => (each === null ? [] : [plain(each)]))));
}

function partsOf(directory: Directory, id: ConversationId): (string | null)[] {
  const group = directory.customGroups.get(id);
  if (group === undefined) return [];
  const through = (target: HandleTarget) =>
    part(directory, words.through(shownName(groupTitle(directory, target))), peopleIn(directory, target));
  const active = group.users.filter((username) => directory.users.get(username)?.active);
  return [
    part(directory, words.directly, new Set(active)),
    ...group.securityGroups.map((securityGroup) => through({ securityGroup })),
    ...group.customGroups.map((customGroup) => through({ customGroup })),
  ];
}

/** `through Doctors (group): Anna Jones and Ben Okafor`; null: nobody. */
function part(directory: Directory, way: string, people: ReadonlySet<Username>): string | null {
  if (people.size === 0) return null;
  const names = [...people].map((username) => nameOfPerson(directory, username)).toSorted(byName);
  return words.membersThrough(way, names.slice(0, MOST_NAMES), names.length - MOST_NAMES);
}

const byName = new Intl.Collator("en").compare;
