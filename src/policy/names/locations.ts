import { foldName } from "./names.ts";

/** A location's name for comparison: case, and blanks around it or doubled in it, do not matter. */
export const foldLocation = (location: string): string => foldName(location.trim().replace(/\s+/gu, " "));

/** Are these two spellings of the same location? */
export const sameLocation = (one: string, other: string): boolean =>
  foldLocation(one) === foldLocation(other);
