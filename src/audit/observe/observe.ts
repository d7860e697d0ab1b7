import { type ListedConversation, listConversations } from "../../conversations/list/list.ts";
import type { ListDependencies } from "../../conversations/record/dependencies.ts";
import type { ConversationId, Directory, RoomId, UserId, Username } from "../../policy/model.ts";
import { userIdOf } from "../../policy/names/names.ts";
import { usernameAsKnown } from "../../policy/names/spelling.ts";
import { isWhisperAdmin } from "../../policy/people/permissions.ts";
import { actingAs, happening } from "../../record/acting.ts";
import type { Actor } from "../../record/entry.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { Database } from "../../store/database.ts";
import { entryOf, type ObservedEntry } from "./entries.ts";
import type { PageToken, RoomReader } from "./reader.ts";
import { noteObservation } from "./sessions.ts";

export interface ObserveDependencies extends ListDependencies {
  readonly database: Database;
  readonly reader: RoomReader;
  readonly record: Recorder;
  /** Who is told when someone begins to observe, besides the administrators. */
  readonly notify: readonly Username[];
}

export interface ObserveRequest {
  readonly as: Username;
  readonly target: Username;
  readonly address: string;
  readonly reason: string | null;
  /** What they are about to be shown: the list, one conversation, or what happens from now on. */
  readonly looksAt: "conversations" | "stream" | { readonly conversation: ConversationId };
  /** Who asks in their name. */
  readonly by: Actor;
}

/** An observation that is allowed, and has been noted. */
export interface Observing {
  readonly session: string;
  readonly actor: Username;
  readonly target: Username;
  readonly user: UserId;
}

export type ObserveRefusal = "not an administrator" | "no such user";

/**
 * Begins to observe, or goes on with it: notes and records it, and tells the administrators, before anything is shown
 * (docs/product-text.md, "Observing a User"). Only for those who have WhisperAdmin in effect.
 */
export async function observe(
  { database, directory, settings, notify, record }: ObserveDependencies,
  { as, target, address, reason, looksAt, by }: ObserveRequest,
): Promise<Observing | ObserveRefusal> {
  const people = await directory.fresh();
  const observed = allowed(people, as, target);
  if (typeof observed === "string") return observed;
  const session = await database.transaction(async (tx) => {
    const sessions = { directory: people, settings, record, notify };
    const id = await noteObservation(tx, sessions, { ...observed, address, reason });
    const observer: Actor = { is: "account", user: userIdOf(settings, observed.actor) };
    await actingAs(record, by, observer).write(tx, [
      happening("observe", `user:${observed.target}`, { session: id, looks_at: looksAt, address, reason }),
    ]);
    return id;
  });
  return { session, ...observed, user: userIdOf(settings, observed.target) };
}

/** Whether this user may observe that one, by the names that the directory has for them. */
export function allowed(
  directory: Directory,
  as: Username,
  of: Username,
): Pick<Observing, "actor" | "target"> | ObserveRefusal {
  const actor = usernameAsKnown(directory, as);
  if (!isWhisperAdmin(directory, actor)) return "not an administrator";
  const target = usernameAsKnown(directory, of);
  return directory.users.has(target) ? { actor, target } : "no such user";
}

/** The observed user's conversations, archived ones too, latest activity first. */
export async function observedConversations(
  dependencies: ObserveDependencies,
  { target }: Observing,
): Promise<readonly ListedConversation[]> {
  const all = { includeArchived: true };
  return (await listConversations(dependencies, dependencies.database, target, all)) ?? [];
}

export interface ObservedPage {
  /** Newest first. Fewer than asked for, also none, does not mean that there is nothing older. */
  readonly entries: readonly ObservedEntry[];
  readonly next: PageToken | null;
}

/**
 * A page of one of their conversations, as the observed user may read it now.
 * @returns null: they have no such conversation.
 */
export async function observedMessages(
  dependencies: ObserveDependencies,
  observing: Observing,
  id: ConversationId,
  { from, limit }: { readonly from: PageToken | null; readonly limit: number },
): Promise<ObservedPage | null> {
  const theirs = await observedConversations(dependencies, observing);
  const conversation = theirs.find((each) => each.id === id);
  if (conversation === undefined) return null;
  return pageOf(dependencies, observing, conversation.room_id, { from, limit });
}

async function pageOf(
  { directory, settings, reader }: ObserveDependencies,
  { user }: Observing,
  room: RoomId | null,
  { from, limit }: { readonly from: PageToken | null; readonly limit: number },
): Promise<ObservedPage> {
  const page = room === null ? null : await reader.page(user, room, from, limit);
  if (page === null) return { entries: [], next: null };
  const people = { directory: directory.latest(), settings };
  return { entries: page.events.flatMap((event) => entryOf(people, event) ?? []), next: page.next };
}
