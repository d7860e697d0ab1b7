import type { RoomTags } from "../../conversations/list/tags.ts";
import type { RoomId, UserId } from "../../policy/model.ts";
import { type Homeserver, path } from "../homeserver/homeserver.ts";

/** Room tags at the homeserver, each set as the user they belong to. */
export function roomTags(homeserver: Homeserver): RoomTags {
  const at = (user: UserId, room: RoomId) => path`/_matrix/client/v3/user/${user}/rooms/${room}/tags`;
  const tagAt = (user: UserId, room: RoomId, tag: string) =>
    path`/_matrix/client/v3/user/${user}/rooms/${room}/tags/${tag}`;
  return {
    of: async (user, room) => {
      const { tags } = await homeserver.call<{ tags: Record<string, unknown> }>({
        method: "GET",
        path: at(user, room),
        as: user,
      });
      return tags;
    },
    put: async (user, room, tag, content) => {
      await homeserver.call({ method: "PUT", path: tagAt(user, room, tag), as: user, body: content });
    },
    remove: async (user, room, tag) => {
      await homeserver.call({ method: "DELETE", path: tagAt(user, room, tag), as: user });
    },
  };
}
