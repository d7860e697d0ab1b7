/** The Python environment that Synapse runs in: built once from the pinned list, shared by all states. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { lockWhenFree, makeDirectory, readIfThere, writeAtomically } from "./files.ts";
import { errorCode } from "./processes.ts";

const REQUIREMENTS = join(import.meta.dirname, "synapse-requirements.txt");
/** Synapse 1.160 needs Python 3.10. */
const MINIMUM_MINOR = 10;

/** Answers the path of the environment's `python`. `say` is told what is going on while it is built. */
export async function synapsePython(
  directory: string,
  say: (text: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const python = join(directory, "bin", "python");
  const stamp = join(directory, "whisper-stamp");
  const wanted = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex");
  const ready = () => readIfThere(stamp)?.trim() === wanted;
  if (ready()) return python;

  makeDirectory(dirname(directory));
  const unlock = await lockWhenFree(`${directory}.lock`, ({ pid }) =>
    say(`process ${pid} is installing it, waiting`),
  );
  try {
    if (ready()) return python;
    await checkPython();
    // A half-built environment is not worth mending.
    rmSync(directory, { recursive: true, force: true });
    say("creating the Python environment");
    const made = await run("python3", ["-m", "venv", directory], () => undefined);
    if (made.code !== 0) {
      rmSync(directory, { recursive: true, force: true });
      throw new Error(missingVenv(made.output));
    }
    await install(python, say, signal);
    writeAtomically(stamp, `${wanted}\n`);
    return python;
  } finally {
    unlock();
  }
}

async function checkPython(): Promise<void> {
  const answer = await run(
    "python3",
    ["-c", "import sys; print(sys.version_info.minor)"],
    () => undefined,
  ).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (answer === undefined) {
    throw new Error(
      "Python 3 is missing; it runs the homeserver. Install it: apt-get install python3 python3-venv",
    );
  }
  const minor = Number(answer.output.trim());
  if (minor < MINIMUM_MINOR) {
    throw new Error(`Synapse needs Python 3.${MINIMUM_MINOR} or later; python3 here is 3.${minor}.`);
  }
}

function missingVenv(output: string): string {
  if (/ensurepip|No module named '?venv/.test(output)) {
    return "Python's venv module is missing; the homeserver is installed with it. Install it: apt-get install python3-venv";
  }
  return `The Python environment could not be made: ${output.trim()}`;
}

async function install(python: string, say: (text: string) => void, signal?: AbortSignal): Promise<void> {
  const total = readFileSync(REQUIREMENTS, "utf8").match(/^[A-Za-z].*==/gm)?.length ?? 0;
  let collected = 0;
  const args = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--prefer-binary"];
  const onLine = (line: string) => {
    const name = /^Collecting ([\w.-]+)/.exec(line)?.[1];
    if (name !== undefined) say(`downloading ${++collected} of ${total}: ${name}`);
    else if (line.startsWith("Building wheels")) say("compiling");
    else if (line.startsWith("Installing collected")) say(`installing ${total} packages`);
  };
  const { code, output } = await run(python, [...args, "-r", REQUIREMENTS], onLine, signal);
  if (code !== 0) {
    const tail = output.trimEnd().split("\n").slice(-8).join("\n");
    throw new Error(`Synapse could not be installed from the Python package index:\n${tail}`);
  }
}

/** Runs to its end; rejects only when the program cannot be started. */
function run(command: string, args: readonly string[], onLine: (line: string) => void, signal?: AbortSignal) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      ...(signal === undefined ? {} : { signal }),
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        output += `${line}\n`;
        onLine(line);
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
