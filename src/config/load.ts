import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import type { z } from "zod";
import { nearest } from "../base/nearest.ts";
import { applyEnvironment, EnvironmentError, type KeyHolds } from "./environment.ts";
import { issueSentence } from "./issue-sentence.ts";
import { type Config, configSchema } from "./schema.ts";

/** A configuration's problems: one line per error, with the key's path and what to do. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(source: string, problems: readonly string[]) {
    super(`${source} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/**
 * Reads the configuration: the file, then the environment, which overrides it.
 * @throws ConfigError naming every key that is unknown, missing or wrong.
 */
export function loadConfig(file: string, environment: NodeJS.ProcessEnv): Config {
  let raw: unknown;
  try {
    raw = parse(readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new ConfigError(file, [error.message.split("\n")[0] ?? "is not YAML"]);
    throw new ConfigError(file, ["it cannot be read; make one from config/whisper.example.yaml"]);
  }
  const config = parseConfig(withEnvironment(withoutNulls(raw), environment, file), file);
  const { appservice, audit } = config;
  const besideFile = (path: string) => resolve(dirname(file), path);
  return {
    ...config,
    appservice: { ...appservice, registration: besideFile(appservice.registration) },
    audit: {
      ...audit,
      keys: besideFile(audit.keys),
      ...(audit.anchor !== undefined && { anchor: besideFile(audit.anchor) }),
    },
  };
}

function withEnvironment(raw: unknown, environment: NodeJS.ProcessEnv, file: string): unknown {
  try {
    return applyEnvironment(raw, environment, { holds, keysOf: knownKeys });
  } catch (error) {
    if (error instanceof EnvironmentError) throw new ConfigError(file, [error.message]);
    throw error;
  }
}

/** The type that the schema has at a path, inside the defaults, options and checks around it. */
function holds(path: readonly string[]): KeyHolds {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const key of path) schema = shapeOf(schema)?.[key];
  for (; schema !== undefined; schema = innerOf(schema)) {
    switch (schema._zod.def.type) {
      case "string":
      case "enum":
        return "text";
      case "number":
      case "int":
        return "number";
      case "boolean":
        return "flag";
    }
  }
  return "other";
}

/** YAML reads a section whose keys are all comments as null; it counts as absent. */
function withoutNulls(raw: unknown): unknown {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return raw;
  const said = Object.entries(raw).filter(([, value]) => value !== null);
  return Object.fromEntries(said.map(([key, value]) => [key, withoutNulls(value)]));
}

/** Checks a configuration as read. @throws ConfigError */
export function parseConfig(raw: unknown, source: string): Config {
  const result = configSchema.safeParse(raw);
  if (!result.success)
    throw new ConfigError(
      source,
      result.error.issues.flatMap((issue) => describe(issue, raw)),
    );
  return result.data;
}

function describe(issue: z.core.$ZodIssue, raw: unknown): string[] {
  const at = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const guess = nearest(key, knownKeys(at));
      const hint = guess === undefined ? "remove it" : `did you mean ${[...at, guess].join(".")}?`;
      return `${[...at, key].join(".")}: there is no such key; ${hint}`;
    });
  }
  return [`${at.join(".") || "(the whole file)"}: ${problemOf(issue, valueAt(raw, at))}`];
}

function problemOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === "invalid_type" && value === undefined) return "is missing; put in a value";
  if (issue.code === "invalid_type" && issue.expected === "string" && typeof value !== "object") {
    return `is read as a ${typeof value}; put it in quotes`;
  }
  const sentence = issueSentence(issue);
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function valueAt(raw: unknown, at: readonly string[]): unknown {
  return at.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    raw,
  );
}

/** The schema's keys at a path, for suggestions. */
function knownKeys(at: readonly string[]): string[] {
  let schema: z.core.$ZodType | undefined = configSchema;
  for (const key of at) schema = shapeOf(schema)?.[key];
  return Object.keys(shapeOf(schema) ?? {});
}

/** The fields of an object schema, inside the defaults and options around it. */
export function shapeOf(schema: z.core.$ZodType | undefined): Record<string, z.core.$ZodType> | undefined {
  let inner = schema;
  while (inner !== undefined) {
    const { def } = inner._zod;
    if ("shape" in def) return def.shape as Record<string, z.core.$ZodType>;
    inner = innerOf(inner);
  }
  return undefined;
}

/** The schema inside a default, an option or a check. */
function innerOf({ _zod: { def } }: z.core.$ZodType): z.core.$ZodType | undefined {
  if ("innerType" in def) return def.innerType as z.core.$ZodType;
  return "in" in def ? (def.in as z.core.$ZodType) : undefined;
}
