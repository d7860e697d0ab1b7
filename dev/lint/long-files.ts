/** Checks that no code file is longer than a person can read in one go. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../base/repository.ts";

const MOST_LINES = 300;
/** Longer files from before the rule, with the most lines each may have. They are to be split: this list only shrinks. */
const LONG: Readonly<Record<string, number>> = {
  "dev/clients/person.ts": 320,
  "dev/stack/postgres.ts": 360,
  "src/appservice/rooms/adoption.ts": 310,
  "src/appservice/sending/outbox-sender.ts": 320,
  "test/docker/compose.test.ts": 470,
  "test/docker/nginx.test.ts": 420,
  "test/e2e/access/removed-members.test.ts": 390,
  "test/e2e/arrivals/arrivals.test.ts": 600,
  "test/e2e/conversations/user-made-rooms.test.ts": 360,
  "test/e2e/running/room-audit.test.ts": 400,
  "test/integration/api/input.test.ts": 480,
  "test/integration/api/kernel.test.ts": 380,
  "test/integration/appservice/gate/media.test.ts": 400,
  "test/integration/appservice/gate/removed-reader.test.ts": 390,
  "test/integration/appservice/gate/transport.test.ts": 400,
  "test/integration/appservice/sending/outbox.test.ts": 430,
  "test/integration/arrivals/answers.test.ts": 330,
  "test/integration/arrivals/bookings.test.ts": 320,
  "test/integration/commands/commands.test.ts": 360,
  "test/integration/conversations/list/visibility.test.ts": 380,
  "test/integration/directory/import.test.ts": 360,
  "test/support/practice/conversations.ts": 320,
};

/** @returns a sentence for each file that is too long, and for each that no longer needs to be listed. */
export function longFiles(): string[] {
  const files = ["src", "dev", "test", "docker"].flatMap((folder) =>
    readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${folder}/${name}`),
  );
  const gone = Object.keys(LONG).filter((file) => !files.includes(file));
  const problems = files.sort().flatMap((file) => {
    const lines = readFileSync(join(REPOSITORY, file), "utf8").split("\n").length - 1;
    if (lines > (LONG[file] ?? MOST_LINES)) return [`${file} has ${lines} lines: split it by topic`];
    return file in LONG && lines <= MOST_LINES
      ? [`${file} is short enough now: remove it from dev/lint/long-files.ts`]
      : [];
  });
  return [
    ...problems,
    ...gone.map((file) => `${file} no longer exists: remove it from dev/lint/long-files.ts`),
  ];
}
