/** Programs that some tests need and that npm does not bring. */
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";

export const run = promisify(execFile);

// Debian installs servers where an ordinary user's shell does not look.
process.env.PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

export interface Program {
  readonly name: string;
  /** Where it may be, each with how it is asked for its version. The first that answers is taken. */
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

/** What a test that needs a program is written with. */
interface Writing {
  readonly describe: (title: string, body: (this: Mocha.Suite) => void) => void;
  readonly it: (title: string, body: Mocha.AsyncFunc) => void;
  /** How the program is called. Where it is missing, no test runs that could call it. */
  readonly command: Command;
}

/** Why a suite or a test is left out, for the end of the report. */
const reasons = new WeakMap<object, string>();

/**
 * Declares tests that need `program`. Where it is missing they are left out, and the reporter says so; with
 * `NOTHING_LEFT_OUT` they fail. Their names are declared in any case, because `npm run coverage` prints them.
 */
export function withProgram(program: Program, declare: (writing: Writing) => void): void {
  const command = find(program);
  const reason = `${program.name} is missing (apt-get install --no-install-recommends ${program.aptPackage})`;
  declare({ ...unless(command === undefined && reason), command: command ?? [program.name] });
}

/** As `withProgram`, for what a machine has otherwise. `missing` says what it lacks, or false: nothing. */
export function unless(missing: string | false): Pick<Writing, "describe" | "it"> {
  if (missing === false) return { describe, it };
  return process.env.NOTHING_LEFT_OUT ? failing(missing) : leftOut(missing);
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

const leftOut = (reason: string): Pick<Writing, "describe" | "it"> => ({
  it: (title, body) => void reasons.set(it.skip(title, body), reason),
  describe: (title, body) => void reasons.set(describe.skip(title, body) ?? {}, reason),
});

/** Why a test is left out, or undefined if nobody said so. */
export function reasonToLeaveOut(test: Mocha.Test): string | undefined {
  for (let at: Mocha.Test | Mocha.Suite | undefined = test; at !== undefined; at = at.parent) {
    const reason = reasons.get(at);
    if (reason !== undefined) return reason;
  }
  return undefined;
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
