import { isDeepStrictEqual } from "node:util";
import { sendToControlRoom } from "../conversations/record/control-room.ts";
import { conversationOfRoom } from "../conversations/record/store.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { EventHandler, MatrixEvent } from "../messages/event.ts";
import { messageNow, versionsOf } from "../messages/inbox-queries.ts";
import { dropUnsent, enqueueSends, queuedSends, REF_KEY, type Send } from "../messages/outbox.ts";
import { redactedBy, relationOf } from "../messages/relation.ts";
import { isSaid } from "../messages/said.ts";
import { fitsInEvent } from "../messages/size.ts";
import type {
  ConversationId,
  ConversationKind,
  EventId,
  PracticeSettings,
  RoomId,
  Username,
} from "../policy/model.ts";
import { usernameOf } from "../policy/names/names.ts";
import type { Transaction } from "../store/database.ts";
import { patientOpenFor } from "./current-patient.ts";
import { askedPatients, linkedContent } from "./linked-content.ts";
import {
  linkTokensIn,
  newPatientLink,
  patientsOfLinks,
  patientUrl,
  savePatientLinks,
} from "./patient-links.ts";
import {
  deletePatientMessage,
  forgetPatientMessage,
  keepPatientMessage,
  type StaffConversationKind,
} from "./patient-messages.ts";
import * as words from "./words.ts";

export interface PatientLinkDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  /** Whisper's address, as staff's browsers reach it. */
  readonly publicUrl: string;
}

/**
 * Links the patients that a message names (docs/product-text.md, "Link to a Patient"): edits it as its sender, so that
 * every client shows a link for each.
 */
export const patientEvents = (dependencies: PatientLinkDependencies): EventHandler => ({
  name: "patients",
  handle: async (tx, event) => {
    const deleted = redactedBy(event);
    if (deleted !== null) {
      await deletePatientMessage(tx, event.room_id, deleted);
      return takeBackLinks(tx, event, deleted);
    }
    if (!isSaid(event)) return;
    const relation = relationOf(event);
    const isEdit = relation?.kind === "edit";
    // Whisper's own edits are linked already.
    if (isEdit && event.content[REF_KEY] !== undefined) return;
    // A link that is still to be added to an earlier version would bring that one back.
    if (isEdit) await dropUnsent(tx, await linkRefs(tx, event.room_id, relation.of));
    const content = isEdit ? relation.content : event.content;
    // Without a query for the many messages that name nobody.
    const isNaming = !isNamingNobody(content) || linkTokensIn(content).length > 0;
    if (!isNaming && !isEdit) return;
    const stored = await conversationOfRoom(tx, event.room_id);
    if (stored === null) return;
    const { id, kind } = stored.conversation;
    if (!isAmongStaff(kind)) return;
    const { directory, settings } = dependencies;
    const sender = usernameOf(settings, event.sender, await directory.within(tx));
    if (sender === null) return;
    const message: NamingMessage = {
      conversation: { id, kind },
      event,
      shown: isEdit ? relation.of : event.event_id,
      content,
      sender,
    };
    if (!isNaming) return forgetPatientMessage(tx, event.room_id, message.shown, sender);
    // It has been corrected since, and the correction is linked.
    const now = await messageNow(tx, event.room_id, message.shown);
    if (now !== null && !isDeepStrictEqual(now.content, content)) return;
    // What it corrects was deleted, and the inbox has emptied it.
    if (isEdit && now !== null && Object.keys(now.event.content).every((key) => key === REF_KEY)) return;
    await keepNamed(tx, message, await linkPatients(tx, dependencies, message));
  },
});

interface NamingMessage {
  readonly conversation: { readonly id: ConversationId; readonly kind: StaffConversationKind };
  readonly event: MatrixEvent;
  /** The message that people see, also if this is a correction of it. */
  readonly shown: EventId;
  readonly content: MatrixEvent["content"];
  readonly sender: Username;
}

function isNamingNobody(content: MatrixEvent["content"]): boolean {
  const { patients, unreadable } = askedPatients(content, null);
  return patients.length + unreadable.length === 0;
}

const isAmongStaff = (kind: ConversationKind): kind is StaffConversationKind =>
  kind === "individual" || kind === "group" || kind === "custom";

/** The patients whom a message was found to name. */
interface Named {
  readonly patients: readonly string[];
  /** The text that people will see; null: as it was written. */
  readonly text: string | null;
}

async function linkPatients(
  tx: Transaction,
  { publicUrl }: PatientLinkDependencies,
  { conversation, event, shown, content, sender }: NamingMessage,
): Promise<Named> {
  const { event_id } = event;
  const tell = (about: string, text: string) =>
    sendToControlRoom(tx, sender, `patients-${about}:${event_id}`, text);
  const open = askedPatients(content, null).patients.includes(null) ? await patientOpenFor(tx, sender) : null;
  const { patients, tooMany, unreadable } = askedPatients(content, open);
  if (patients.includes(null)) await tell("none-open", words.noneOpen);
  if (tooMany) await tell("too-many", words.tooMany);
  if (unreadable.length > 0) await tell("unreadable", words.unreadable(unreadable));
  const known = patients.flatMap((id) => (id === null ? [] : [id]));
  const links = known.map((id) => newPatientLink(id, { conversation: conversation.id }));
  const addresses = new Map(links.map((link) => [link.patientId, patientUrl(publicUrl, link)]));
  const linked = links.length === 0 ? null : linkedContent(content, open, addresses);
  if (linked === null) return { patients: known, text: null };
  const { "m.relates_to": _relation, "m.mentions": mentions, ...text } = linked;
  const edit = {
    msgtype: text.msgtype,
    body: `* ${String(text.body)}`,
    // Whoever was mentioned has been notified by the message itself.
    "m.mentions": {},
    "m.new_content": { ...text, ...(mentions === undefined ? {} : { "m.mentions": mentions }) },
    "m.relates_to": { rel_type: "m.replace" },
  };
  if (!fitsInEvent(edit)) {
    await tell("too-long", words.tooLong);
    return { patients: known, text: null };
  }
  await savePatientLinks(tx, links);
  await enqueueSends(tx, [
    {
      ref: linkRef(event_id),
      conversation: conversation.id,
      purpose: { is: "edit" },
      as: event.sender,
      type: "m.room.message",
      content: edit,
      target: { event: shown },
    },
  ]);
  return { patients: known, text: String(text.body) };
}

/** Keeps what was said about the patients that a message names, or whose links it carries. */
async function keepNamed(
  tx: Transaction,
  { conversation: { id, kind }, event, shown, content, sender }: NamingMessage,
  { patients, text }: Named,
): Promise<void> {
  const carried = await patientsOfLinks(tx, linkTokensIn(content));
  const all = [...new Set([...patients, ...carried])];
  if (all.length === 0) return forgetPatientMessage(tx, event.room_id, shown, sender);
  await keepPatientMessage(tx, {
    message: shown,
    conversation: id,
    kind,
    sender,
    version: event,
    patients: all,
    text: text ?? String(content.body ?? ""),
  });
}

const linkRef = (version: EventId): string => `patients:${version}`;

/** The refs of the edits by which a message and its corrections may have been linked. */
const linkRefs = async (tx: Transaction, room: RoomId, message: EventId): Promise<string[]> =>
  (await versionsOf(tx, room, message)).map(linkRef);

/** The message was deleted: so are Whisper's edits of it, which repeat its text. */
async function takeBackLinks(tx: Transaction, { room_id }: MatrixEvent, message: EventId): Promise<void> {
  const refs = await linkRefs(tx, room_id, message);
  const dropped = await dropUnsent(tx, refs);
  const removals: Send[] = [];
  for (const [ref, edit] of await queuedSends(tx, refs))
    if (!dropped.has(ref))
      removals.push({
        ref: `${ref}:removed`,
        conversation: edit.conversation,
        purpose: { is: "removal" },
        ...(edit.as_user !== null && { as: edit.as_user }),
        type: "m.room.redaction",
        content: {},
        target: { ref },
      });
  await enqueueSends(tx, removals);
}
