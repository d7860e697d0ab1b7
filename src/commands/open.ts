import type { Opened, OpenRequest } from "../conversations/open.ts";
import { type Refusal, sentenceOf } from "../conversations/record/refusal.ts";
import { conversationById } from "../conversations/record/store.ts";
import { inline, link, plain, type Rich } from "../messages/rich.ts";
import * as words from "../messages/words.ts";
import type { RoomId, Selection } from "../policy/model.ts";
import { tidyGroupName } from "../policy/names/group-names.ts";
import * as rules from "../policy/words.ts";
import type { Transaction } from "../store/database.ts";
import type { Command, CommandCall } from "./command.ts";
import { findSelection } from "./find.ts";
import { selectionNames } from "./names.ts";
import { typed } from "./tokens.ts";

type Open = (tx: Transaction, request: OpenRequest) => Promise<Opened | Refusal>;

/** `new`: opens a conversation, like the API and clients do. */
export const newCommand = (open: Open): Command => ({
  name: "new",
  words: ["open", "start", "create"],
  parameters: [{ name: "title", takes: "quoted", optional: true }, { name: "people and groups" }],
  summary: words.newSummary,
  examples: ["new dr.jones", 'new dr.jones, %doctors "Theatre list"', 'new Anna Jones, Ben Okafor "Roster"'],
  run: async (call) => {
    const titled = findSelection(call.asker, call.given["people and groups"] ?? []);
    // What looks like a title may be in the middle of a name, as clients show it.
    const untitled = titled.ok ? titled : findSelection(call.asker, call.typed);
    const chosen = untitled.ok ? untitled : titled;
    if (!chosen.ok) return plain(chosen.problem);
    const name = titled.ok ? tidyGroupName(typed(call.given.title ?? [])) : null;
    const opened = await open(call.tx, { as: call.asker.username, name, ...chosen.found });
    if ("refused" in opened) return plain(sentenceOf(opened, rules.conversationClosed));
    const stored = await conversationById(call.tx, opened.id);
    return answer(call, chosen.found, name, opened, stored?.roomId ?? null);
  },
});

function answer(
  { asker }: CommandCall,
  chosen: Selection,
  name: string | null,
  opened: Opened,
  room: RoomId | null,
): Rich {
  const title = name ?? selectionNames(asker.directory, chosen);
  const shown = room === null ? plain(title) : link(roomLink(room, asker.settings.serverName), title);
  const rest = room === null ? words.comesSoon : opened.created ? words.isOpen : words.wasOpen;
  return inline(shown, plain(` ${rest}`));
}

/** A link that a client opens itself (Matrix specification, appendices, "matrix.to navigation"). */
const roomLink = (room: RoomId, server: string): string =>
  `https://matrix.to/#/${encodeURIComponent(room)}?via=${encodeURIComponent(server)}`;
