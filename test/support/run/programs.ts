/** Programs that some tests need and that npm does not bring. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { REPOSITORY } from "../../../dev/base/repository.ts";

export const run = promisify(execFile);

// Debian installs servers where an ordinary user's PATH does not look.
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

export interface Program {
  readonly name: string;
  /** Where it may be, each with the argument that asks for its version. The first that answers is used. */
  readonly commands: readonly { readonly command: Command; readonly version: string }[];
  readonly aptPackage: string;
}

type Command = readonly [program: string, ...args: string[]];

export const CHROMIUM: Program = {
  name: "Chromium",
  commands: [
    { command: ["/usr/bin/chromium"], version: "--version" },
    { command: ["/usr/bin/google-chrome"], version: "--version" },
  ],
  aptPackage: "chromium",
};

export const DOCKER_COMPOSE: Program = {
  name: "Docker Compose",
  commands: [
    { command: ["docker", "compose"], version: "version" },
    { command: ["docker-compose"], version: "version" },
  ],
  aptPackage: "docker-compose",
};

export const NGINX: Program = {
  name: "nginx",
  commands: [{ command: ["nginx"], version: "-v" }],
  aptPackage: "nginx-light",
};

export const PGBOUNCER: Program = {
  name: "PgBouncer",
  commands: [{ command: ["pgbouncer"], version: "--version" }],
  aptPackage: "pgbouncer",
};

/** What the tests that need a program are declared with. */
interface Writing {
  readonly describe: (title: string, body: (this: Mocha.Suite) => void) => void;
  readonly it: (title: string, body: Mocha.AsyncFunc) => void;
  /** How to call the program. Where it is missing, no test that could call it runs. */
  readonly command: Command;
}

/**
 * Declares tests that need `program`. Where it is missing they are left out, and the reporter says so; with
 * `NOTHING_LEFT_OUT` they fail. Their names are always declared, because `npm run coverage` prints them.
 */
export function withProgram(program: Program, declare: (writing: Writing) => void): void {
  const command = find(program);
  const reason = `${program.name} is missing (apt-get install --no-install-recommends ${program.aptPackage})`;
  declare({ ...unless(command === undefined && reason), command: command ?? [program.name] });
}

/** Like `withProgram`, for anything else that a machine may lack. `missing` says what it lacks; false means nothing. */
export function unless(missing: string | false): Pick<Writing, "describe" | "it"> {
  if (missing === false) return { describe, it };
  return process.env.NOTHING_LEFT_OUT ? failing(missing) : leftOut(missing);
}

/** Why tests of the repository itself are left out: an unpacked archive has none, and another user's is not ours. */
export function noClone(): string | false {
  try {
    execFileSync("git", ["rev-parse", "HEAD"], { cwd: REPOSITORY, stdio: "ignore" });
    return false;
  } catch {
    return "this is not a clone of one's own, or git is missing (apt-get install git)";
  }
}

const failing = (reason: string): Pick<Writing, "describe" | "it"> => {
  const fail = () => {
    throw new Error(reason);
  };
  return {
    it: (title) => it(title, fail),
    describe: (title, body) =>
      describe(title, function () {
        before(fail);
        body.call(this);
      }),
  };
};

const REASON = "left out: ";

const leftOut = (reason: string): Pick<Writing, "describe" | "it"> => {
  // A skipped test needs no body, and its body is what a worker of `mocha --parallel` passes on to the reporter.
  const explain = (test: Mocha.Test) => {
    test.body = REASON + reason;
  };
  return {
    it: (title, body) => explain(it.skip(title, body)),
    describe: (title, body) => describe.skip(title, body)?.eachTest(explain),
  };
};

/** @returns why a test is left out, for the end of the report, or undefined if nobody gave a reason. */
export function reasonToLeaveOut({ body }: Mocha.Test): string | undefined {
  return body?.startsWith(REASON) ? body.slice(REASON.length) : undefined;
}

function find({ commands }: Program): Command | undefined {
  return commands.find(({ command: [program, ...args], version }) => {
    try {
      execFileSync(program, [...args, version], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })?.command;
}
