/** docs/config.md: every configuration key, from the schema that checks it. */
import { z } from "zod";
import { describe, fallback } from "../../src/config/example.ts";
import { shapeOf } from "../../src/config/load.ts";
import { configSchema } from "../../src/config/schema.ts";

const HEADER = `# Configuration

\`npm run generate\` makes this page from \`src/config/schema.ts\`. Start from
[config/whisper.example.yaml](../config/whisper.example.yaml). \`whisper check-config\` reports any problems.

Every key can also be set by an environment variable, which overrides the file: \`WHISPER_\` and the path in capitals,
with two underscores between levels. If its name ends in \`_FILE\`, the value is read from the named file. Write durations
like \`90s\`, \`10m\`, \`12h\` or \`3d\`.
`;

export function configReference(): string {
  return [HEADER, ...sections(configSchema, [])].join("\n");
}

function sections(schema: z.core.$ZodType, at: readonly string[]): string[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, field]) => {
    const rows = rowsOf(field, [...at, key]);
    const title = `## ${key}\n`;
    const description = shapeOf(field) === undefined ? [] : [`${describe(field) ?? ""}.\n`];
    return [title, ...description, "| key | default | what it is |", "|---|---|---|", ...rows, ""];
  });
}

function rowsOf(field: z.core.$ZodType, path: readonly string[]): string[] {
  const inner = shapeOf(field);
  if (inner !== undefined && fallback(field) === undefined) {
    return Object.entries(inner).flatMap(([key, each]) => rowsOf(each, [...path, key]));
  }
  const value = fallback(field);
  const byDefault =
    value !== undefined ? `\`${JSON.stringify(value)}\`` : isOptional(field) ? "none" : "**required**";
  const variable = `WHISPER_${path.join("__").toUpperCase()}`;
  return [`| \`${path.join(".")}\`<br><sub>${variable}</sub> | ${byDefault} | ${cell(meaning(field))} |`];
}

function meaning(field: z.core.$ZodType): string {
  const choices = choicesOf(field);
  const said = describe(field) ?? "";
  return choices === undefined ? said : `${said}: ${choices.map((choice) => `\`${choice}\``).join(", ")}`;
}

function choicesOf(field: z.core.$ZodType): string[] | undefined {
  for (let inner: z.core.$ZodType | undefined = field; inner !== undefined; ) {
    if (inner instanceof z.ZodEnum) return inner.options.map(String);
    const def: z.core.$ZodTypeDef = inner._zod.def;
    inner = "innerType" in def && def.innerType instanceof z.ZodType ? def.innerType : undefined;
  }
  return undefined;
}

const isOptional = (field: z.core.$ZodType): boolean => field._zod.def.type === "optional";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
