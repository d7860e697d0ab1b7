import { readFile } from "node:fs/promises";
import { issueSentence, settingPath } from "../config/issue-sentence.ts";
import type { PracticeSettings } from "../policy/model.ts";
import type { Database } from "../store/database.ts";
import type { ImportChanges } from "./directory-change.ts";
import { type Imported, type ImportOptions, importDirectory } from "./import.ts";
import { lossSentence } from "./input/guard.ts";
import type { InputError } from "./input/input-error.ts";
import { parseJsonBytes, UnreadableJson } from "./input/json-text.ts";
import { directorySchema } from "./input/schema.ts";

/** Nobody reads more lines than this. */
const MOST_LINES = 20;

/**
 * The command `whisper import`: a directory from a JSON file, in the format of `PUT /api/v1/directory`.
 * @returns lines that say what was done and what could not be read.
 * @throws Error that says what is wrong with the file. Nothing was changed then.
 */
export async function importFile(
  database: Database,
  settings: PracticeSettings,
  changes: ImportChanges,
  file: string,
  options: ImportOptions,
): Promise<string> {
  const sent = directorySchema.safeParse(await readJson(file));
  if (!sent.success) {
    throw wrong(
      file,
      sent.error.issues.map((issue) => ({ path: settingPath(issue.path), message: issueSentence(issue) })),
    );
  }
  const done = await database.transaction((tx) => importDirectory(tx, settings, changes, sent.data, options));
  if (!("refused" in done)) return linesOf(done, options).join("\n");
  if (done.refused === "mass-loss") {
    throw new Error(`${lossSentence(done.losses)} If you mean it, add --allow-mass-deactivation.`);
  }
  throw wrong(file, done.refused === "invalid" ? done.errors : []);
}

function linesOf(
  { counts, problems, losses, membershipsLost }: Imported,
  { dryRun }: ImportOptions,
): string[] {
  const counted = Object.entries({ users: counts.users, "security groups": counts.security_groups }).map(
    ([what, each]) =>
      `${what}: ${Object.entries(each)
        .map(([how, count]) => `${count} ${how}`)
        .join(", ")}`,
  );
  const lost = `; ${losses.access.lost} would lose AccessWhisper, ${membershipsLost} memberships would end`;
  return [
    `${dryRun ? "Would be: " : ""}${counted.join("; ")}${dryRun ? lost : ""}`,
    ...(problems.length === 0 ? [] : ["Could not be accepted as written:"]),
    ...listed(problems.map(({ path, message, kept }) => ({ path, message: `${message} (${kept})` }))),
  ];
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new Error(`${file} cannot be read. Check that it exists, and that you may read it.`, {
      cause: error,
    });
  });
  try {
    return parseJsonBytes(bytes);
  } catch (error) {
    if (error instanceof UnreadableJson) throw new Error(`${file} cannot be imported. ${error.message}`);
    throw error;
  }
}

const wrong = (file: string, errors: readonly InputError[]): Error =>
  new Error([`${file} cannot be imported. Nothing was changed.`, ...listed(errors)].join("\n"));

function listed(errors: readonly InputError[]): string[] {
  const more = errors.length - MOST_LINES;
  return [
    ...errors
      .slice(0, MOST_LINES)
      .map(({ path, message }) => `  - ${path}${path === "" ? "" : ": "}${message}`),
    ...(more > 0 ? [`  - and ${more} more`] : []),
  ];
}
