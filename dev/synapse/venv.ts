/** Synapse's Python environment: built once from the pinned list, and shared by all state directories. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { lockWhenFree, makeDirectory, readIfThere, writeAtomically } from "../base/files.ts";
import { errorCode } from "../base/processes.ts";
import { firstWritable, REPOSITORY, workFolder } from "../base/repository.ts";

const REQUIREMENTS = join(import.meta.dirname, "synapse-requirements.txt");
/** Synapse 1.160 needs Python 3.10. */
const MINIMUM_MINOR = 10;

/**
 * Returns the path of the environment's `python`. `say` is called with progress while it is built.
 * @param stateDir - where it is built if neither the checkout nor the user's cache can be written
 */
export async function synapsePython(
  say: (text: string) => void,
  { stateDir, signal }: { readonly stateDir?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const wanted = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex");
  const pythonIn = (directory: string) => join(directory, "bin", "python");
  const stampIn = (directory: string) => join(directory, "whisper-stamp");
  const ready = (directory: string) => readable(stampIn(directory))?.trim() === wanted;
  // A checkout that cannot be written may have been complete before.
  const shipped = join(REPOSITORY, ".whisper", "venv");
  if (ready(shipped)) return pythonIn(shipped);
  const home = firstWritable([workFolder(), ...(stateDir === undefined ? [] : [stateDir])]) ?? workFolder();
  const directory = join(home, "venv");
  const python = pythonIn(directory);
  if (ready(directory)) return python;

  makeDirectory(dirname(directory));
  const unlock = await lockWhenFree(`${directory}.lock`, ({ pid }) =>
    say(`process ${pid} is installing it, waiting`),
  );
  try {
    if (ready(directory)) return python;
    const python3 = await findPython();
    // A half-built environment is not worth repairing.
    rmSync(directory, { recursive: true, force: true });
    say("creating the Python environment");
    const made = await run(python3, ["-m", "venv", directory], () => undefined);
    if (made.code !== 0) {
      rmSync(directory, { recursive: true, force: true });
      throw new Error(`The Python environment could not be created: ${made.output.trim()}`);
    }
    await install(python, say, signal);
    writeAtomically(stampIn(directory), `${wanted}\n`);
    return python;
  } finally {
    unlock();
  }
}

/** The text of a file, or undefined if we do not have it or may not read it. */
function readable(file: string): string | undefined {
  try {
    return readIfThere(file);
  } catch (error) {
    if (errorCode(error) === "EACCES") return undefined;
    throw error;
  }
}

/** Newest first: a machine may have a newer Python than the one called python3. */
const NAMES = ["python3", ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)];
const PROBE = `import sys; print(sys.version_info.major * 1000 + sys.version_info.minor)
import venv, ensurepip`;

/** The first Python that can run Synapse and create an environment. @throws Error that says what to install. */
async function findPython(): Promise<string> {
  const old: string[] = [];
  let withoutVenv: string | undefined;
  for (const name of NAMES) {
    const answer = await run(name, ["-c", PROBE], () => undefined).catch((error: unknown) => {
      if (["ENOENT", "EACCES"].includes(errorCode(error) ?? "")) return undefined;
      throw error;
    });
    const version = Number(/^\d+$/m.exec(answer?.output ?? "")?.[0]);
    if (answer === undefined || Number.isNaN(version)) continue;
    if (version < 3000 + MINIMUM_MINOR) old.push(`${name} is 3.${version % 1000}`);
    else if (answer.code === 0) return name;
    else withoutVenv ??= name;
  }
  if (withoutVenv !== undefined) {
    const debian = withoutVenv === "python3" ? "python3-venv" : `${withoutVenv}-venv`;
    throw new Error(
      `Python's venv module is missing. The homeserver needs it for its installation. Install it: apt-get install ${debian}`,
    );
  }
  if (old.length > 0) {
    throw new Error(
      `The homeserver needs Python 3.${MINIMUM_MINOR} or later; ${old.join(", ")}. Install a newer one.`,
    );
  }
  throw new Error(
    "Python 3 is missing. The homeserver needs it. Install it: apt-get install python3 python3-venv",
  );
}

/**
 * The environment variables for Python and pip: without the shell's settings for other Pythons, and without those that
 * forbid installing into an environment. Package sources (PIP_INDEX_URL, proxies) stay.
 */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^PYTHON|^VIRTUAL_ENV$|^__PYVENV|^PIP_(?:TARGET|PREFIX|ROOT|USER|REQUIRE_.*|REQUIREMENT|CONSTRAINT)$/.test(
        name,
      ),
  );
  // These override the person's pip.conf.
  return { ...Object.fromEntries(kept), PIP_USER: "0", PIP_REQUIRE_HASHES: "0" };
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

/** Runs the program to its end. Rejects only if it cannot be started. */
function run(command: string, args: readonly string[], onLine: (line: string) => void, signal?: AbortSignal) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(command, args, {
      env: pythonEnvironment(),
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
