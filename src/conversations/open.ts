import { lockDirectory } from "../directory/store.ts";
import { type Opening, openingFor } from "../policy/conversations/opening.ts";
import type {
  ConversationId,
  ConversationKind,
  Directory,
  Selection,
  UserId,
  Username,
} from "../policy/model.ts";
import { userIdOf } from "../policy/names/names.ts";
import { selectionAsKnown, usernameAsKnown } from "../policy/names/spelling.ts";
import { sameCustomGroup, selectionSize } from "../policy/people/selection.ts";
import * as words from "../policy/words.ts";
import type { Transaction } from "../store/database.ts";
import { makeCustomGroup } from "./groups/change-group.ts";
import { showAgain } from "./list/views.ts";
import type { ConversationDependencies } from "./record/dependencies.ts";
import { groupConversation, individualConversation } from "./record/keys.ts";
import { checkRoomPromptly } from "./record/queue-checks.ts";
import { forbidden, invalid, type Refusal } from "./record/refusal.ts";
import { ensureConversation } from "./record/store.ts";
import { unknownAsker, unknownEntry } from "./record/unknown-names.ts";

export interface OpenRequest extends Selection {
  readonly as: Username;
  readonly name: string | null;
}

export interface Opened {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly created: boolean;
}

/**
 * Opens the conversation for a choice of people and groups: the existing one, or a new one. It is in the asker's list
 * again, and its room is checked, so someone who had left it is back.
 */
export async function openConversation(
  dependencies: ConversationDependencies,
  tx: Transaction,
  asked: OpenRequest,
): Promise<Opened | Refusal> {
  const directory = await dependencies.directory.within(tx);
  const request: OpenRequest = {
    ...selectionAsKnown(directory, asked),
    as: usernameAsKnown(directory, asked.as),
    name: asked.name,
  };
  const refusal = malformed(directory, request);
  if (refusal !== null) return refusal;
  const opening = openingFor(directory, request.as, request, request.name);
  if (opening.open === "refused") return forbidden(opening.reason);
  return openDecided(dependencies, tx, opening, request.as);
}

/**
 * Opens the conversation that was decided on: the existing one or a new one, back in the asker's list. `begunBy`: their
 * account, if they are about to write from a client.
 */
export async function openDecided(
  dependencies: ConversationDependencies,
  tx: Transaction,
  opening: Exclude<Opening, { open: "refused" }>,
  asker: Username,
  begunBy?: UserId,
): Promise<Opened> {
  const opened = await findOrMake(dependencies, tx, opening, asker);
  await showAgain(tx, opened.id, userIdOf(dependencies.settings, asker), dependencies.now());
  await checkRoomPromptly(tx, opened.id, isBegun(opening) ? begunBy : undefined);
  return opened;
}

/** More people than this are let in one after another, and a client does not hold back its message for them. */
const FEW = 10;

/** Is these people's room begun in the name of the one who writes first? Then only those chosen are in it. */
function isBegun(opening: Opening): boolean {
  if (opening.open === "individual") return true;
  if (opening.open !== "new-custom") return false;
  const { users, securityGroups, customGroups } = opening.selection;
  return users.length <= FEW && securityGroups.length + customGroups.length === 0;
}

/** What is wrong with the request itself, whatever the rules say. */
function malformed(directory: Directory, request: OpenRequest): Refusal | null {
  const unknown = unknownAsker(directory, request.as) ?? unknownEntry(directory, request);
  if (unknown !== null) return unknown;
  if (selectionSize(request) === 0) return invalid("users", words.nobodyChosen);
  const onlySelf =
    selectionSize(request) === request.users.length && request.users.every((each) => each === request.as);
  return onlySelf ? invalid("users[0]", words.toYourself) : null;
}

/**
 * The conversation that was decided on, created if necessary. Its room is not checked yet. `madeFrom`: the time of the
 * newest state of the room it is made from, if any.
 */
export async function findOrMake(
  { directory, settings }: Omit<ConversationDependencies, "now">,
  tx: Transaction,
  opening: Exclude<Opening, { open: "refused" }>,
  asker: Username,
  madeFrom?: number,
): Promise<Opened> {
  switch (opening.open) {
    case "individual": {
      const { conversation, created } = await ensureConversation(tx, individualConversation(...opening.pair));
      return { id: conversation.id, kind: "individual", created };
    }
    case "group": {
      const { conversation, created } = await ensureConversation(
        tx,
        groupConversation(opening.securityGroup),
      );
      return { id: conversation.id, kind: "group", created };
    }
    case "custom":
      return { id: opening.group, kind: "custom", created: false };
    case "new-custom": {
      const { name, selection } = opening;
      // The same choice made twice at the same time is one group: the second waits here and then finds the first's.
      await lockDirectory(tx);
      const known = sameCustomGroup(await directory.within(tx), selection, name);
      if (known !== null) return { id: known.id, kind: "custom", created: false };
      const id = await makeCustomGroup(tx, settings, {
        createdBy: asker,
        name,
        selection,
        ...(madeFrom === undefined ? {} : { madeFrom }),
      });
      return { id, kind: "custom", created: true };
    }
    default:
      return opening satisfies never;
  }
}
