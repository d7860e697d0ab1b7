import { z } from "zod";
import { shapeOf } from "./load.ts";
import { configSchema } from "./schema.ts";

/** Values for the example's keys that only the practice knows. */
const FILLED: Readonly<Record<string, string>> = {
  "homeserver.url": "http://127.0.0.1:8009",
  "homeserver.public_url": "https://CHANGE_ME.example.com.au",
  "homeserver.server_name": "CHANGE_ME.example.com.au",
  "policy.token": "CHANGE_ME",
  "database.url": "CHANGE_ME postgres://whisper:password@127.0.0.1:5432/whisper",
  public_url: "https://CHANGE_ME.example.com.au",
  "practice.name": "CHANGE_ME",
};

/**
 * The example configuration, from the schema: every key with its meaning. Optional keys are comments with their
 * default.
 */
export function exampleConfig(): string {
  return [
    "# Whisper's configuration. Every key can also be set by an environment variable, which overrides this file: WHISPER_",
    "# and the path in capitals, with two underscores between levels (WHISPER_LISTEN__PORT). If its name ends in _FILE, the",
    "# value is read from the named file. Made from src/config/schema.ts: change it there, then run `npm run generate`.",
    ...section(configSchema, []),
    "",
  ].join("\n");
}

function section(schema: z.core.$ZodType, at: readonly string[]): string[] {
  const indent = "  ".repeat(at.length);
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, field]) => {
    const path = [...at, key];
    const description = describe(field);
    const lines = description === undefined ? [] : [`${indent}# ${description}`];
    const blank = at.length === 0 ? [""] : [];
    if (shapeOf(field) !== undefined && fallback(field) === undefined) {
      const required = holdsRequired(field);
      const off = required || !isOptional(field) ? "" : "# ";
      const inner = section(field, path).map((line) =>
        off === "" ? line : line.replace(/^(\s*)([^\s#])/, "$1# $2"),
      );
      return [...blank, ...lines, `${indent}${off}${key}:`, ...inner];
    }
    return [...blank, ...lines, ...line(indent, path, key, field)];
  });
}

function line(indent: string, path: readonly string[], key: string, field: z.core.$ZodType): string[] {
  const filled = FILLED[path.join(".")];
  if (filled !== undefined) return [`${indent}${key}: ${JSON.stringify(filled)}`];
  const value = fallback(field);
  return [`${indent}# ${key}:${value === undefined ? "" : ` ${JSON.stringify(value)}`}`];
}

/** The default as the file would write it; undefined if there is none, or if it only means an empty section. */
export function fallback(schema: z.core.$ZodType): unknown {
  for (let inner: z.core.$ZodType | undefined = schema; inner !== undefined; ) {
    const { def } = inner._zod;
    if ("defaultValue" in def) {
      const value: unknown = def.defaultValue;
      const empty =
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        Object.keys(value).length === 0;
      return empty ? undefined : value;
    }
    inner = innerOf(def);
  }
  return undefined;
}

function isOptional(schema: z.core.$ZodType): boolean {
  return schema._zod.def.type === "optional";
}

function holdsRequired(schema: z.core.$ZodType): boolean {
  return Object.values(shapeOf(schema) ?? {}).some(
    (field) => field._zod.optin !== "optional" && fallback(field) === undefined && !isOptional(field),
  );
}

export function describe(schema: z.core.$ZodType): string | undefined {
  for (
    let inner: z.core.$ZodType | undefined = schema;
    inner !== undefined;
    inner = innerOf(inner._zod.def)
  ) {
    const description = z.globalRegistry.get(inner)?.description;
    if (description !== undefined) return description;
  }
  return undefined;
}

function innerOf(def: z.core.$ZodTypeDef): z.core.$ZodType | undefined {
  if ("innerType" in def) return def.innerType as z.core.$ZodType;
  if ("in" in def) return def.in as z.core.$ZodType;
  return undefined;
}
