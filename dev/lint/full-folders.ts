/** Checks that no folder holds more files than a person can take in at a glance. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

const MOST_FILES = 20;

/**
 * @param root the folder that `names` are in.
 * @returns a sentence for each folder with too many files of its own. Files in its sub-folders do not count.
 */
export const fullFolders = (root: string, names: readonly string[]): string[] =>
  names.flatMap((name) => {
    const inside = readdirSync(join(root, name), { withFileTypes: true });
    const files = inside.filter((entry) => entry.isFile()).length;
    const folders = inside.filter((entry) => entry.isDirectory()).map((entry) => `${name}/${entry.name}`);
    const problem = `${name} has ${files} files, and ${MOST_FILES} are the most: sort them into sub-folders`;
    return [...(files > MOST_FILES ? [problem] : []), ...fullFolders(root, folders)];
  });
