import type { ActualRoom, ConversationId, RoomId, UserId } from "../../policy/model.ts";

/** A room with people in it, as the homeserver lists it. */
export interface ListedRoom {
  readonly roomId: RoomId;
  readonly creator: UserId | null;
  /** How many accounts of this server are in it. */
  readonly people: number;
}

export interface BlockedAccount {
  readonly user: UserId;
  readonly why: "deactivated" | "locked" | "suspended" | "shadow-banned";
}

/** Rooms as they really are: asked from the homeserver, never from the mirror. */
export interface RoomInspector {
  /**
   * The whole room, and who has left and can still read it. `direct`: whose direct chats to look at, and with whom.
   * Null: the room does not exist.
   */
  inspect(room: RoomId, direct: ReadonlyMap<UserId, UserId>): Promise<ActualRoom | null>;
  /** Every room of the homeserver, page by page. */
  rooms(): AsyncIterable<readonly ListedRoom[]>;
  /** One room, as it would be listed. Null: it does not exist. */
  room(room: RoomId): Promise<ListedRoom | null>;
  /** The accounts that should work and that someone blocked at the homeserver, page by page. */
  blockedAccounts(): AsyncIterable<readonly BlockedAccount[]>;
  /** Which of these have an account: nobody can be in a room without one. */
  withAccount(users: readonly UserId[]): Promise<ReadonlySet<UserId>>;
}

/** Repairs rooms: records what they really are, and queues the job that makes them what they should be. */
export interface RoomRepair {
  conversation(id: ConversationId, room: RoomId | null, direct: ReadonlyMap<UserId, UserId>): Promise<void>;
  /** A room that is closed for good and has someone in it. */
  closed(room: RoomId): Promise<void>;
  /** A room that belongs to no conversation: adopted if one of ours made it, otherwise closed. */
  unknown(room: RoomId, creator: UserId | null): Promise<void>;
}
