import type { Response } from "express";
import type { Picture } from "../../../policy/names/pictures.ts";
import { sendPicture } from "../passage/error-response.ts";
import { Kept } from "../passage/kept.ts";
import { draw } from "../pictures/draw.ts";

/** About 3 kB each: all that a large practice shows. */
const MOST_KEPT = 2_000;

/** Answers with a picture that Whisper draws itself (policy/names/pictures.ts). Any colleague may see it. */
export function ownPictures(): (response: Response, mediaId: string, picture: Picture) => Promise<void> {
  const drawn = new Kept<Buffer>(MOST_KEPT, Number.POSITIVE_INFINITY, () => performance.now());
  return async (response, mediaId, picture) => {
    const png = drawn.get(mediaId) ?? (await draw(picture));
    drawn.set(mediaId, png);
    sendPicture(response, png);
  };
}
