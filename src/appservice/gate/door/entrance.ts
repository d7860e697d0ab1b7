import type { DirectorySnapshot } from "../../../directory/snapshot.ts";
import type { PracticeSettings, RoomId, UserId } from "../../../policy/model.ts";
import { usernameOf } from "../../../policy/names/names.ts";
import type { CallbackRooms } from "../../callbacks/callback-rooms.ts";
import type { NewConversations } from "./new-conversation.ts";
import type { Removals } from "./removal.ts";

/** What the front door asks about people before it passes on a request that lets them in. */
export interface Entrance {
  /** Opens the conversation that a client asks for by making a room. */
  readonly newConversation: NewConversations;
  /** Removes someone whom Synapse does not let the caller remove, if the rules allow it. */
  readonly remove: Removals;
  /** Returns once the invitation can be judged; Synapse then asks about it. */
  beforeInvitation(room: RoomId, inviter: UserId, invitee: UserId): Promise<void>;
}

export interface EntranceDependencies {
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly rooms: CallbackRooms;
  /** Adopts a room that a user made, and waits until that is done, for a bounded time. */
  readonly adopt: (room: RoomId) => Promise<void>;
  readonly newConversation: NewConversations;
  readonly remove: Removals;
}

export const entrance = ({
  directory,
  settings,
  rooms,
  adopt,
  newConversation,
  remove,
}: EntranceDependencies): Entrance => ({
  newConversation,
  remove,
  /**
   * Someone who never receives is invited only where others already are. Other invited people join as soon as Whisper
   * has adopted the room, and a client that invites one after another does not wait for that.
   */
  async beforeInvitation(room, inviter, invitee) {
    const people = await directory.fresh();
    const username = usernameOf(settings, invitee, people);
    if (username === null || !people.users.get(username)?.preferences.neverReceive) return;
    const known = await rooms.asked(room);
    if (known.room !== "user-made" || !known.joined.includes(inviter)) return;
    const others = known.others.filter((each) => ![inviter, invitee, settings.bot].includes(each));
    if (others.length > 0) await adopt(room);
  },
});
