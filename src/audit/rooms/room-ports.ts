import type { ActualRoom, ConversationId, RoomId, UserId } from "../../policy/model.ts";

/** A room that has people in it, as the homeserver lists it. */
export interface ListedRoom {
  readonly roomId: RoomId;
  readonly creator: UserId | null;
  /** Accounts of this server that are in it. */
  readonly people: number;
}

/** Rooms as they really are: asked of the homeserver, never of the mirror. */
export interface RoomInspector {
  /**
   * The whole room, and who can still read it who has left. `direct`: whose direct chats to look at, and with whom.
   * Null: there is no such room.
   */
  inspect(room: RoomId, direct: ReadonlyMap<UserId, UserId>): Promise<ActualRoom | null>;
  /** Every room of the homeserver, page by page. */
  rooms(): AsyncIterable<readonly ListedRoom[]>;
  /** One room, as it would be listed. Null: there is no such room. */
  room(room: RoomId): Promise<ListedRoom | null>;
  /** Which of these have an account: nobody can be in a room without. */
  withAccount(users: readonly UserId[]): Promise<ReadonlySet<UserId>>;
}

/** Has rooms put right: what they really are is written down, and the job is queued that makes them what they ought to be. */
export interface RoomRepair {
  conversation(id: ConversationId, room: RoomId | null, direct: ReadonlyMap<UserId, UserId>): Promise<void>;
  /** A room that is closed for good, and has somebody in it. */
  closed(room: RoomId): Promise<void>;
  /** A room that no conversation knows: taken over when one of ours made it, closed otherwise. */
  unknown(room: RoomId, creator: UserId | null): Promise<void>;
}
