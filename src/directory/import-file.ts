import { readFile } from "node:fs/promises";
import type { Naming } from "../policy/model.ts";
import type { Database } from "../store/database.ts";
import type { DirectoryChanges } from "./changes.ts";
import { type ImportOptions, importDirectory } from "./import.ts";
import { directorySchema } from "./schema.ts";

/**
 * The command `whisper import`: a directory from a JSON file, as `PUT /api/v1/directory` takes it.
 * @returns a line that says what was done.
 * @throws Error that names what is wrong with the file; nothing was changed then.
 */
export async function importFile(
  database: Database,
  naming: Naming,
  changes: DirectoryChanges,
  file: string,
  options: ImportOptions,
): Promise<string> {
  const sent = directorySchema.safeParse(await readJson(file));
  if (!sent.success) {
    throw wrong(
      file,
      sent.error.issues.map(({ path, message }) => ({ path: path.join("."), message })),
    );
  }
  const done = await database.transaction((tx) => importDirectory(tx, naming, changes, sent.data, options));
  if ("refused" in done) {
    if (done.refused === "mass-deactivation") {
      throw new Error(
        `This would deactivate ${done.deactivated} of ${done.active} active users. If it is meant, add --allow-mass-deactivation.`,
      );
    }
    throw wrong(file, done.refused === "invalid" ? done.errors : []);
  }
  const counts = Object.entries({ users: done.users, "security groups": done.security_groups }).map(
    ([what, each]) =>
      `${what}: ${Object.entries(each)
        .map(([how, count]) => `${count} ${how}`)
        .join(", ")}`,
  );
  return `${options.dryRun ? "Would be: " : ""}${counts.join("; ")}`;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} cannot be read as JSON.`, { cause: error });
  }
}

const wrong = (file: string, errors: readonly { readonly path: string; readonly message: string }[]): Error =>
  new Error(
    [
      `${file} cannot be imported. Nothing was changed.`,
      ...errors.slice(0, 20).map(({ path, message }) => `  - ${path}: ${message}`),
    ].join("\n"),
  );
