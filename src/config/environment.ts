import { readFileSync } from "node:fs";
import { parse } from "yaml";

const PREFIX = "WHISPER_";
const FROM_FILE = "_FILE";

/**
 * Lays the environment over a configuration as read. `WHISPER_` + the path in capitals, levels joined by two
 * underscores: `WHISPER_LISTEN__PORT=9000`. With `_FILE` at its end the value is read from the file named.
 * Values are read as YAML, so numbers and lists can be written.
 */
export function applyEnvironment(raw: unknown, environment: NodeJS.ProcessEnv): unknown {
  const result: unknown = structuredClone(raw);
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined) continue;
    // Only paths: WHISPER_CONFIG and the like are not keys of the file.
    if (!name.includes("__") && name !== `${PREFIX}PUBLIC_URL`) continue;
    const fromFile = name.endsWith(FROM_FILE) && name !== "WHISPER_AUDIT__KEY_FILE";
    const path = name
      .slice(PREFIX.length, fromFile ? -FROM_FILE.length : undefined)
      .toLowerCase()
      .split("__");
    const text = fromFile ? readFileSync(value, "utf8").trim() : value;
    set(result, path, fromFile ? text : scalar(text));
  }
  return result;
}

/** Numbers, true, false and lists as YAML has them; everything else, also what looks like a date, is text. */
function scalar(text: string): unknown {
  if (/^(true|false|-?\d{1,15})$/.test(text) || /^\s*[[{]/.test(text)) return parse(text);
  return text;
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
