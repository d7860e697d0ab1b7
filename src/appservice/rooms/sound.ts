import type { RoomId, UserId } from "../../policy/model.ts";
import { type Homeserver, path } from "../homeserver/homeserver.ts";

/**
 * Gives messages in a room a sound for this user, as between two people. The predefined rule for that counts members,
 * and Whisper is the third (client-server API, `.m.rule.room_one_to_one`). It is a rule of the last kind, `underride`,
 * so that the user's own settings for the room come first, and so does `.m.rule.master` of Keep Hidden and Never
 * Receive. A rule of the kind `room` would also ring for state, reactions and deletions.
 */
export async function giveSound(homeserver: Homeserver, user: UserId, room: RoomId): Promise<void> {
  await homeserver.call({
    method: "PUT",
    path: path`/_matrix/client/v3/pushrules/global/underride/${room}`,
    as: user,
    body: {
      conditions: [
        { kind: "event_match", key: "room_id", pattern: room },
        { kind: "event_match", key: "type", pattern: "m.room.message" },
      ],
      actions: ["notify", { set_tweak: "sound", value: "default" }],
    },
  });
}
