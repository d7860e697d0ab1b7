/** Kinds of values that several sections of the configuration have. */

import { z } from "zod";
import { Secret } from "./secret.ts";

/** The example file's placeholder. */
export const PLACEHOLDER = /CHANGE_ME/;

export const filled = (schema: z.ZodString) =>
  schema.refine(
    (value) => !PLACEHOLDER.test(value),
    "still has the example's placeholder; put in your own value",
  );
export const text = () => filled(z.string().min(1));
export const httpUrl = () =>
  filled(z.string())
    .refine(
      (url) => PLACEHOLDER.test(url) || isHttpUrl(url),
      "write it as https://chat.practice.example, or http://[::1]:8008/path: without user, ? and #",
    )
    .transform(withoutSlashes);
function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\/[^\s?#@]+$/.test(text)) return false;
  try {
    return new URL(text).hostname !== "";
  } catch {
    return false;
  }
}
function withoutSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end -= 1;
  return url.slice(0, end);
}
export const secret = () => text().transform((value) => new Secret(value));
