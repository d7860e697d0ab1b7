import type { ReadEvent } from "../../audit/observe/entries.ts";
import { type Page, type RoomReader, UnknownPage } from "../../audit/observe/reader.ts";
import { type Homeserver, MatrixRefused, path } from "./homeserver.ts";

interface Messages {
  readonly chunk: readonly ReadEvent[];
  readonly end?: string;
}

/** What clients show as said, reactions to it, and nothing else: an observer reads conversations, not rooms. */
const SHOWN = JSON.stringify({
  types: ["m.room.message", "m.sticker", "m.poll.start", "org.matrix.msc3381.poll.start", "m.reaction"],
});

/** Reads rooms through Synapse as a user, with the application service's right to act for them ("Identity assertion"). */
export const readAs = (homeserver: Homeserver): RoomReader => ({
  page: (user, room, from, limit) =>
    orNull(async (): Promise<Page> => {
      const { chunk, end } = await homeserver.call<Messages>({
        method: "GET",
        path: path`/_matrix/client/v3/rooms/${room}/messages`,
        as: user,
        query: { dir: "b", limit: String(limit), filter: SHOWN, ...(from === null ? {} : { from }) },
      });
      return { events: chunk, next: end ?? null };
    }),
  event: (user, room, event) =>
    orNull(() =>
      homeserver.call<ReadEvent>({
        method: "GET",
        path: path`/_matrix/client/v3/rooms/${room}/event/${event}`,
        as: user,
      }),
    ),
});

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof MatrixRefused && [401, 403, 404].includes(error.status)) return null;
    if (error instanceof MatrixRefused && error.status === 400)
      throw new UnknownPage("the homeserver refused the page's token", { cause: error });
    throw error;
  }
}
