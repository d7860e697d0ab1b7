import { readFileSync } from "node:fs";
import { parse } from "yaml";

const PREFIX = "WHISPER_";
const FROM_FILE = "_FILE";

/** A key's type, which decides how text from the environment is read. */
export type KeyHolds = "text" | "number" | "flag" | "other";

/** A variable that cannot be read; the sentence names it. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
}

/**
 * Overlays the environment on a configuration. `WHISPER_` + the path in capitals, with two underscores between levels:
 * `WHISPER_LISTEN__PORT=9000`. With `_FILE` at the end, the value is read from the named file.
 * @param holds the type at a path. Text stays as written (`0123`); lists and sections are read as YAML.
 * @throws EnvironmentError
 */
export function applyEnvironment(
  raw: unknown,
  environment: NodeJS.ProcessEnv,
  holds: (path: readonly string[]) => KeyHolds,
): unknown {
  const result: unknown = structuredClone(raw);
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    // Only paths: WHISPER_CONFIG and similar variables are not keys of the file.
    if (!name.includes("__") && !/^WHISPER_PUBLIC_URL(?:_FILE)?$/.test(name)) continue;
    const fromFile = name.endsWith(FROM_FILE) && name !== "WHISPER_AUDIT__KEY_FILE";
    const path = name
      .slice(PREFIX.length, fromFile ? -FROM_FILE.length : undefined)
      .toLowerCase()
      .split("__");
    set(result, path, read(name, fromFile ? textOf(name, value) : value, holds(path)));
  }
  return result;
}

function textOf(name: string, file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    throw new EnvironmentError(`${name}: the file ${file} cannot be read`);
  }
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
