import { setTimeout as wait } from "node:timers/promises";
import type { MediaPort } from "../../../conversations/media.ts";
import { isFile } from "../../../messages/files.ts";
import type { UserId } from "../../../policy/model.ts";
import { whileWanted } from "../passage/answer.ts";
import { Undecidable } from "../passage/caller.ts";
import { Kept } from "../passage/kept.ts";
import { FILES_NEED_A_TOKEN, NO_SUCH_FILE, NOT_YOUR_FILE, refuse } from "../passage/refusal.ts";
import { decoded } from "../passage/request-path.ts";
import { type Rule, streamAnswer } from "../passage/rules.ts";

export interface MediaRuleOptions {
  readonly media: MediaPort;
  /** Who uploaded a file to Synapse; null if Synapse has no such file. */
  readonly uploaderOf: (server: string, mediaId: string) => Promise<UserId | null>;
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
 * A file is served to everyone who is now in a room that shows it, and to its uploader. Portraits are served to every
 * colleague.
 */
export function mediaRule({ media, uploaderOf, looks }: MediaRuleOptions): Rule {
  // A file's uploader never changes.
  const uploaders = new Kept<UserId>(5_000, 3_600_000);
  let waiting = 0;

  return async (passage, request, response, { caught }) => {
    const [server, mediaId] = caught.map(decoded);
    if (typeof server !== "string" || typeof mediaId !== "string")
      throw new Undecidable("a file without a name");
    // Checked first, so that nobody without a session learns anything.
    const caller = await passage.callers.userId(request);
    if (!isFile(server, mediaId)) return refuse(response, NO_SUCH_FILE);
    const key = `${server}/${mediaId}`;
    const uploader = uploaders.get(key) ?? (await uploaderOf(server, mediaId));
    if (uploader === null) return refuse(response, NO_SUCH_FILE);
    uploaders.set(key, uploader);
    if (caller === uploader) return streamAnswer(passage, request, response);

    const isShown = async () => {
      const { portrait, rooms } = await media.shown(server, mediaId, uploader);
      return portrait || passage.callers.isInOneOf(request, rooms);
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
