/** What an observer is shown: events as the observed user's client shows them. */
import type { MatrixEvent } from "../../messages/event.ts";
import { withoutFallback } from "../../messages/html/fallback.ts";
import { relationOf } from "../../messages/relation.ts";
import { asMessage, isSaid } from "../../messages/said.ts";
import type { Directory, EventId, PracticeSettings, Username } from "../../policy/model.ts";
import { usernameOf } from "../../policy/names/names.ts";

export interface ObservedFile {
  readonly url: string;
  readonly type: string | null;
  /** Bytes; null: the sender's client did not say. */
  readonly size: number | null;
}

interface EntryHead {
  readonly event_id: EventId;
  /** Null: Whisper, or someone who is not in the directory. */
  readonly sender: Username | null;
  readonly sent_at: string;
}

/** Something that was said. */
export interface SaidEntry extends EntryHead {
  readonly type: "message";
  /** As it is now; null: it was deleted. */
  readonly text: string | null;
  readonly file: ObservedFile | null;
  readonly edited_at: string | null;
  readonly deleted: boolean;
  readonly reply_to: EventId | null;
  readonly thread: EventId | null;
}

/** A reaction to something that was said. */
export interface ReactionEntry extends EntryHead {
  readonly type: "reaction";
  /** Null, like the key: it was taken back. */
  readonly to: EventId | null;
  readonly key: string | null;
}

export type ObservedEntry = SaidEntry | ReactionEntry;

/** An event as Synapse returns it to a reader: with its latest edit, and what deleted it. */
export interface ReadEvent extends Omit<MatrixEvent, "unsigned"> {
  readonly unsigned?: {
    readonly redacted_because?: unknown;
    readonly "m.relations"?: { readonly "m.replace"?: MatrixEvent };
  };
}

export interface EntryDependencies {
  readonly directory: Pick<Directory, "users">;
  readonly settings: PracticeSettings;
}

/** Null: the event is nothing that clients show as said, or an edit, which is shown at its original. */
export function entryOf({ directory, settings }: EntryDependencies, event: ReadEvent): ObservedEntry | null {
  const head: EntryHead = {
    event_id: event.event_id,
    sender: usernameOf(settings, event.sender, directory),
    sent_at: new Date(event.origin_server_ts).toISOString(),
  };
  const relation = relationOf(event);
  const deleted = event.unsigned?.redacted_because !== undefined;
  if (event.type === "m.reaction" && event.state_key === undefined) {
    if (deleted) return { ...head, type: "reaction", to: null, key: null };
    return relation?.kind === "reaction"
      ? { ...head, type: "reaction", to: relation.to, key: relation.key }
      : null;
  }
  if (!isSaid(event) || relation?.kind === "edit") return null;
  const edit = deleted ? undefined : event.unsigned?.["m.relations"]?.["m.replace"];
  const content = contentNow(event, edit);
  return {
    ...head,
    type: "message",
    text: deleted ? null : textOf(content),
    file: deleted ? null : fileOf(content),
    edited_at: edit === undefined ? null : new Date(edit.origin_server_ts).toISOString(),
    deleted,
    reply_to:
      relation?.kind === "reply" ? relation.to : relation?.kind === "thread" ? relation.answers : null,
    thread: relation?.kind === "thread" ? relation.root : null,
  };
}

type Content = Readonly<Record<string, unknown>>;

function contentNow(event: ReadEvent, edit: MatrixEvent | undefined): Content {
  const relation = edit === undefined ? null : relationOf(edit);
  return relation?.kind === "edit" ? relation.content : asMessage(event);
}

const textOf = ({ body }: Content): string =>
  typeof body === "string" ? withoutFallback(body, "needed") : "";

function fileOf({ url, info }: Content): ObservedFile | null {
  if (typeof url !== "string" || !url.startsWith("mxc://")) return null;
  const { mimetype, size } = typeof info === "object" && info !== null ? (info as Content) : {};
  return {
    url,
    type: typeof mimetype === "string" ? mimetype : null,
    size: Number.isSafeInteger(size) ? (size as number) : null,
  };
}
