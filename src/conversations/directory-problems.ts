import { createHash } from "node:crypto";
import type { DirectoryProblem } from "../directory/input/record.ts";
import * as words from "../messages/words.ts";
import type { Transaction } from "../store/database.ts";
import { sendToAdminRoom } from "./record/admin-room.ts";

/** After this long, the same problems are posted again: someone has to deal with them. */
const AGAIN = "7 days";
/** The most lines in a message; the answer to the import lists all of them. */
const MOST_LINES = 20;

/**
 * Posts an import's problems in the admin room: one message per import, and none for the same problems as the night
 * before. When they are solved, that is posted once.
 */
export async function tellOfProblems(tx: Transaction, problems: readonly DirectoryProblem[]): Promise<void> {
  const digest = problems.length === 0 ? "" : digestOf(problems);
  const { rows } = await tx.query<{ told: string }>(
    `INSERT INTO directory_problems AS last (digest, told, told_at) SELECT $1, 1, now() WHERE $1 <> ''
     ON CONFLICT ("only") DO UPDATE SET digest = excluded.digest, told = last.told + 1, told_at = now()
       WHERE last.digest <> excluded.digest OR last.told_at < now() - interval '${AGAIN}'
     RETURNING told`,
    [digest],
  );
  const corrected =
    digest === ""
      ? await tx.query<{ told: string }>(
          `UPDATE directory_problems SET digest = '', told = told + 1, told_at = now() WHERE digest <> '' RETURNING told`,
        )
      : { rows: [] };
  const told = rows[0]?.told ?? corrected.rows[0]?.told;
  if (told === undefined) return;
  const body = digest === "" ? words.directoryIsRight : words.directoryProblems(linesOf(problems));
  await sendToAdminRoom(tx, `directory_problems:${told}`, body);
}

/** A record's place in the list may change every night; that does not make it another problem. */
function digestOf(problems: readonly DirectoryProblem[]): string {
  const said = problems.map(({ path, message, about }) => [
    about ?? "",
    path.replaceAll(/\[\d+\]/g, ""),
    message,
  ]);
  const lines = said.map((each) => JSON.stringify(each)).sort();
  return createHash("sha256").update(lines.join("\n")).digest("base64url");
}

function linesOf(problems: readonly DirectoryProblem[]): string[] {
  const more = problems.length - MOST_LINES;
  return [
    ...problems
      .slice(0, MOST_LINES)
      .map(({ path, message, kept, about }) =>
        words.directoryProblem(about ?? path, about === undefined ? "" : fieldOf(path), message, kept),
      ),
    ...(more > 0 ? [words.moreProblems(more)] : []),
  ];
}

/** `users[3].email` gives `email`; the whole record gives nothing. */
const fieldOf = (path: string): string => path.replace(/^\w+\[\d+\]\.?/, "");
