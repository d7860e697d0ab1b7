import { readFileSync } from "node:fs";
import { parse } from "yaml";

const PREFIX = "WHISPER_";
const FROM_FILE = "_FILE";

/** A key's type, which decides how text from the environment is read. */
export type KeyHolds = "text" | "number" | "flag" | "other";

/** What the environment needs to know about the configuration. */
export interface KnownKeys {
  /** The type at a path. */
  holds(path: readonly string[]): KeyHolds;
  /** The keys at a path. */
  keysOf(path: readonly string[]): readonly string[];
}

/** A variable that cannot be read; the sentence names it. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/**
 * Overlays the environment on a configuration. `WHISPER_` + the path in capitals, with two underscores between levels:
 * `WHISPER_LISTEN__PORT=9000`. With `_FILE` at the end, the value is read from the named file.
 * @param known the configuration's keys. Text stays as written (`0123`); lists and sections are read as YAML.
 * @throws EnvironmentError
 */
export function applyEnvironment(raw: unknown, environment: NodeJS.ProcessEnv, known: KnownKeys): unknown {
  const result: unknown = structuredClone(raw);
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    const fromFile = name.endsWith(FROM_FILE) && name !== "WHISPER_AUDIT__KEY_FILE";
    const path = name
      .slice(PREFIX.length, fromFile ? -FROM_FILE.length : undefined)
      .toLowerCase()
      .split("__");
    if (path.length === 1 && !isKey(name, path[0] ?? "", known)) continue;
    set(result, path, read(name, fromFile ? textOf(name, value) : value, known.holds(path)));
  }
  return result;
}

/**
 * Without two underscores: a key at the top, such as `WHISPER_PUBLIC_URL`, or no key of the file, such as
 * `WHISPER_CONFIG`.
 * @throws EnvironmentError if an underscore is missing
 */
function isKey(name: string, key: string, known: KnownKeys): boolean {
  const sections = known.keysOf([]);
  if (sections.includes(key)) return true;
  for (const section of sections) {
    if (!key.startsWith(`${section}_`) || !known.keysOf([section]).includes(key.slice(section.length + 1)))
      continue;
    const at = PREFIX.length + section.length;
    throw new EnvironmentError(
      `${name}: there is no such key; did you mean ${name.slice(0, at)}_${name.slice(at)}?`,
    );
  }
  return false;
}

function textOf(name: string, file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new EnvironmentError(`${name}: the file ${file} cannot be read`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
    if (!text.includes("\0")) return text;
  } catch {
    // Not UTF-8: the sentence below says so.
  }
  throw new EnvironmentError(`${name}: the file ${file} is no text in UTF-8; save it as UTF-8`);
}

function read(name: string, text: string, holds: KeyHolds): unknown {
  switch (holds) {
    case "text":
      return text;
    case "number":
      return /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text;
    case "flag":
      return /^(?:true|false)$/.test(text.trim()) ? text.trim() === "true" : text;
    case "other":
      try {
        return parse(text);
      } catch {
        throw new EnvironmentError(`${name}: is not YAML; write a list as [{key: value}]`);
      }
    default:
      return holds satisfies never;
  }
}

function set(target: unknown, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined || typeof target !== "object" || target === null) return;
  if (rest.length === 0) {
    Reflect.set(target, key, value);
    return;
  }
  const inner: unknown = Reflect.get(target, key);
  if (typeof inner !== "object" || inner === null) Reflect.set(target, key, {});
  set(Reflect.get(target, key), rest, value);
}
