import { setTimeout as wait } from "node:timers/promises";
import type { MediaPort } from "../../../conversations/media.ts";
import { isFile } from "../../../messages/files.ts";
import type { UserId } from "../../../policy/model.ts";
import { serverOf } from "../../../policy/names/names.ts";
import { pictureOf } from "../../../policy/names/pictures.ts";
import { whileWanted } from "../passage/answer.ts";
import { Undecidable } from "../passage/caller.ts";
import { FILES_NEED_A_TOKEN, NO_SUCH_FILE, NOT_YOUR_FILE, refuse } from "../passage/error-response.ts";
import { Kept } from "../passage/kept.ts";
import { decoded } from "../passage/request-path.ts";
import { type Rule, streamAnswer } from "../passage/rules.ts";
import { ownPictures } from "./own-pictures.ts";

export interface MediaRuleOptions {
  /** Its server's name is ours. */
  readonly bot: UserId;
  readonly media: MediaPort;
  /** Who uploaded a file to Synapse; null if Synapse has no such file. */
  readonly uploaderOf: (server: string, mediaId: string) => Promise<UserId | null>;
  /** An administrator's account, which is not one of the practice's. */
  readonly isAdministrator: (user: UserId) => Promise<boolean>;
  /** Milliseconds between attempts while the event that shows a file may still be on its way from Synapse. */
  readonly looks: readonly number[];
}

/**
 * A member's client requests a file within milliseconds of the message; the event reaches us within tens of
 * milliseconds.
 */
export const LOOKS = [50, 100, 200, 400, 800, 1_000];
/** The most requests that may wait at the same time. Others are refused immediately. */
const MOST_WAITING = 200;

/**
 * A file is served to everyone who is now in a room that shows it, and to its uploader. Portraits that someone uploaded
 * for themselves or an administrator for them, and the pictures that Whisper draws itself, are served to every colleague.
 */
export function mediaRule({ bot, media, uploaderOf, isAdministrator, looks }: MediaRuleOptions): Rule {
  const ownServer = serverOf(bot);
  const sendOwnPicture = ownPictures();
  // A file's uploader never changes.
  const uploaders = new Kept<UserId>(5_000, 3_600_000, () => performance.now());
  const administrators = new Kept<boolean>(500, 60_000, () => performance.now());
  const byAdministrator = async (uploader: UserId): Promise<boolean> => {
    const known = administrators.get(uploader) ?? (await isAdministrator(uploader));
    administrators.set(uploader, known);
    return known;
  };
  let waiting = 0;

  return async (passage, request, response, { caught }) => {
    const [server, mediaId] = caught.map(decoded);
    if (typeof server !== "string" || typeof mediaId !== "string")
      throw new Undecidable("a file without a name");
    // Checked first, so that nobody without a session learns anything.
    const caller = await passage.callers.userId(request);
    if (!isFile(server, mediaId)) return refuse(response, NO_SUCH_FILE);
    const picture = server === ownServer ? pictureOf(mediaId) : null;
    if (picture !== null) return sendOwnPicture(response, mediaId, picture);
    const key = `${server}/${mediaId}`;
    const uploader = uploaders.get(key) ?? (await uploaderOf(server, mediaId));
    if (uploader === null) return refuse(response, NO_SUCH_FILE);
    uploaders.set(key, uploader);
    if (caller === uploader) return streamAnswer(passage, request, response);

    const isShown = async () => {
      const { portrait, rooms } = await media.shown(server, mediaId, uploader);
      if (portrait === "own" || (portrait === "given" && (await byAdministrator(uploader)))) return true;
      return passage.callers.isInOneOf(request, rooms);
    };
    let shown = await isShown();
    if (!shown && waiting < MOST_WAITING) {
      const wanted = whileWanted(response);
      waiting++;
      try {
        for (const pause of looks) {
          await wait(pause, undefined, { signal: wanted });
          shown = await isShown();
          if (shown) break;
        }
      } finally {
        waiting--;
      }
    }
    return shown ? streamAnswer(passage, request, response) : refuse(response, NOT_YOUR_FILE);
  };
}

/** The old addresses carry no token, so nobody knows who asks. Clients of Matrix 1.11 and later do not use them. */
export const legacyMedia: Rule = async (_passage, _request, response) => refuse(response, FILES_NEED_A_TOKEN);
