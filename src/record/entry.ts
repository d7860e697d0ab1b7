import type { RoomId, UserId } from "../policy/model.ts";

/** What an entry is about. */
export const ENTRY_TYPES = [
  /** Something a person said: text, a file, a sticker, a poll, a call. */
  "message",
  /** A new version of an earlier entry, with its whole new text. */
  "edit",
  "deletion",
  "reaction",
  /** Something Whisper said. */
  "notice",
  "alert",
  "membership",
  /** A room's name, topic, picture or successor. */
  "room",
  /** A user or security group as HealthTrack has it from then on, with what they may do. */
  "permission",
  /** A conversation that was opened or changed through the API. */
  "conversation",
  /** A sign-in, or a link for one. */
  "sign_in",
  /** A request to check and repair rooms, and each room that was repaired. */
  "repair",
  /** An arrival as it is from then on: who was told, who answered, how it ended. */
  "arrival",
  "preference",
  /** An administrator looked at another user's conversations, or has stopped. */
  "observe",
] as const;
export type EntryType = (typeof ENTRY_TYPES)[number];

/** Who did something. */
export type Actor =
  /** Someone by their Matrix account, which stays theirs for good: a person, or one of Synapse's administrators. */
  | { readonly is: "account"; readonly user: UserId }
  | { readonly is: "whisper" }
  /** A program with a key to the API, such as HealthTrack. */
  | { readonly is: "key"; readonly id: string }
  /** Whoever runs commands on Whisper's machine. */
  | { readonly is: "operator" };

/** Something that happened, as a feature hands it to the record. */
export interface Entry {
  /** Names what happened for ever, such as the event's id. The same ref twice is one entry. */
  readonly ref: string;
  readonly type: EntryType;
  /** When it happened. */
  readonly at: Date;
  readonly actor: Actor;
  /** For whom the actor did it: Whisper posts and joins for people. Never the one who acted. */
  readonly onBehalfOf: Actor | null;
  readonly room: RoomId | null;
  /** What it changes or is about: another entry's ref, or a subject: `user:mia`, `group:Doctors`, `arrival:…`. */
  readonly about: string | null;
  /** Everything that was said. It is stored encrypted. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The part of an entry that is stored in clear: a reader of the disk may see it (docs/decisions/record.md). */
export interface EntryHead {
  readonly ref: string;
  readonly type: string;
  readonly at: Date;
  /** As `actorText` writes it. */
  readonly actor: string;
  readonly onBehalfOf: string | null;
  readonly room: string | null;
  readonly about: string | null;
}

/** `whisper`, `operator`, `key:4f1c`, or `@ht_mia:practice.example`: no two actors are written alike. */
export function actorText(actor: Actor): string {
  switch (actor.is) {
    case "account":
      return actor.user;
    case "whisper":
    case "operator":
      return actor.is;
    case "key":
      return `key:${actor.id}`;
    default:
      return actor satisfies never;
  }
}

export const headOf = (entry: Entry): EntryHead => ({
  ref: entry.ref,
  type: entry.type,
  at: entry.at,
  actor: actorText(entry.actor),
  onBehalfOf: entry.onBehalfOf === null ? null : actorText(entry.onBehalfOf),
  room: entry.room,
  about: entry.about,
});
