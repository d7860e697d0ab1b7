import { tidyName } from "../base/tidy-name.ts";
import type { EditDone, EditRequest } from "../conversations/groups/edit.ts";
import { type Refusal, sentenceOf } from "../conversations/record/refusal.ts";
import { lines, plain, type Rich } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { ConversationId, Selection } from "../policy/model.ts";
import { groupName } from "../policy/people/members.ts";
import { EMPTY_SELECTION } from "../policy/people/selection.ts";
import * as rules from "../policy/words.ts";
import type { Transaction } from "../store/database.ts";
import type { Command, CommandCall } from "./command.ts";
import { type Found, findCustomGroup, findSelection } from "./find.ts";
import { selectionNames } from "./names.ts";
import { typed } from "./tokens.ts";

export type EditGroup = (
  tx: Transaction,
  id: ConversationId,
  request: EditRequest,
) => Promise<EditDone | Refusal>;

export const addCommand = (edit: EditGroup): Command => ({
  name: "add",
  words: ["invite"],
  parameters: [{ name: "people and groups" }, { keyword: "to" }, { name: "group" }],
  summary: words.addSummary,
  examples: ['add dr.jones to "Night shift"', "add %nurses, Ben Okafor to Theatre list"],
  run: (call) => changeMembers(edit, call, "add"),
});

export const removeCommand = (edit: EditGroup): Command => ({
  name: "remove",
  words: ["kick"],
  parameters: [{ name: "people and groups" }, { keyword: "from" }, { name: "group" }],
  summary: words.removeSummary,
  examples: ['remove dr.jones from "Night shift"', "remove %nurses from Theatre list"],
  run: (call) => changeMembers(edit, call, "remove"),
});

export const renameCommand = (edit: EditGroup): Command => ({
  name: "rename",
  words: ["name"],
  parameters: [{ name: "group" }, { keyword: "to" }, { name: "new name" }],
  summary: words.renameSummary,
  examples: ['rename "Night shift" to "Late shift"'],
  run: async ({ tx, asker, given }) => {
    const group = findCustomGroup(asker, given.group ?? []);
    if (!group.ok) return plain(group.problem);
    const name = tidyName(typed(given["new name"] ?? []));
    const before = groupName(asker.directory, group.found);
    const request = { as: asker.username, name, add: EMPTY_SELECTION, remove: EMPTY_SELECTION };
    const done = await edit(tx, group.found, request);
    return plain("refused" in done ? sentenceOf(done, rules.noSuchGroup) : words.renamed(before, name));
  },
});

async function changeMembers(edit: EditGroup, call: CommandCall, what: "add" | "remove"): Promise<Rich> {
  const { tx, asker, given } = call;
  const entries = findSelection(asker, withoutMe(call));
  if (!entries.ok) return plain(entries.problem);
  const group: Found<ConversationId> = findCustomGroup(asker, given.group ?? []);
  if (!group.ok) return plain(group.problem);
  const request = {
    as: asker.username,
    add: EMPTY_SELECTION,
    remove: EMPTY_SELECTION,
    [what]: entries.found,
  };
  const done = await edit(tx, group.found, request);
  if ("refused" in done) return plain(sentenceOf(done, rules.noSuchGroup));
  const title = groupName(asker.directory, group.found);
  const staying = done.staying.map(({ username }) => username);
  const told = { users: staying, securityGroups: [], customGroups: [] };
  const say = (selection: Selection, sentence: (names: string, group: string) => string) => {
    const names = selectionNames(asker.directory, selection);
    return names === "" ? [] : [plain(sentence(names, title))];
  };
  const [carriedOut, wasSo] =
    what === "add" ? [words.added, words.alreadyIn] : [words.removed, words.notInGroup];
  return lines(
    ...say(without(without(entries.found, done.unchanged), told), carriedOut),
    ...say(without(done.unchanged, told), wasSo),
    ...done.staying.map(({ reason }) => plain(reason)),
  );
}

const without = (all: Selection, some: Selection): Selection => ({
  users: all.users.filter((entry) => !some.users.includes(entry)),
  securityGroups: all.securityGroups.filter((entry) => !some.securityGroups.includes(entry)),
  customGroups: all.customGroups.filter((entry) => !some.customGroups.includes(entry)),
});

/** `me` is the person writing. */
const withoutMe = ({ asker, given }: CommandCall) =>
  (given["people and groups"] ?? []).map((token) =>
    token.is === "word" && /^(me|myself)$/i.test(token.text)
      ? { is: "quoted" as const, text: asker.username }
      : token,
  );
