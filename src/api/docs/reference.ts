import type { Route } from "../kernel/route.ts";
import { operationsOf } from "./docs-page.ts";
import { describeApi, type Operation } from "./openapi.ts";
import { rowsOf } from "./schema-rows.ts";

/** `docs/api.md`: the API's requests in brief. A test compares it with the file. */
export function writeReference(routes: readonly Route[]): string {
  const document = describeApi(routes, "/");
  const operations = operationsOf(document);
  const lines = [
    "# HTTP API",
    "",
    "`npm run generate` makes this page from the routes. A running Whisper shows more at `/docs` and `/openapi.json`.",
    "",
    String(document.info.description ?? ""),
  ];
  for (const { name } of document.tags) {
    lines.push("", `## ${name}`, "", "| request | scope | what it does |", "|---|---|---|");
    for (const { method, path, operation } of operations) {
      if (!operation.tags.includes(name)) continue;
      lines.push(`| \`${method} ${path}\` | ${scopeOf(operation)} | ${cell(operation.summary)} |`);
    }
    for (const { method, path, operation } of operations) {
      if (!operation.tags.includes(name)) continue;
      lines.push(...detailsOf(method, path, operation));
    }
  }
  lines.push("", "## Schemas");
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    lines.push("", `### ${name}`, "", "| field | type | |", "|---|---|---|");
    for (const row of rowsOf(schema)) {
      lines.push(
        `| \`${row.name}\`${row.required ? "" : "?"} | ${cell(row.type)} | ${cell(row.description)} |`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The scope comes at the end, and is already in the table. */
function withoutScope(description: string): string {
  const at = description.lastIndexOf("Needs the scope ");
  return at < 0 ? description : description.slice(0, at).trimEnd();
}

function detailsOf(method: string, path: string, operation: Operation): string[] {
  const example = operation.requestBody?.content["application/json"]?.example;
  const query = (operation.parameters ?? []).filter((parameter) => parameter.in === "query");
  const description = withoutScope(operation.description ?? "");
  if (example === undefined && query.length === 0 && description === "") return [];
  return [
    "",
    `### ${method} ${path}`,
    ...(description === "" ? [] : ["", description]),
    ...(query.length === 0
      ? []
      : [
          "",
          ...query.map((each) => `- \`?${each.name}=\`${each.description ? ` ${each.description}` : ""}`),
        ]),
    ...(example === undefined ? [] : ["", "```json", JSON.stringify(example, null, 2), "```"]),
  ];
}

function scopeOf(operation: Operation): string {
  const [security] = operation.security;
  const [scope] = Array.isArray(security?.apiKey) ? security.apiKey : [];
  return typeof scope === "string" ? `\`${scope}\`` : "none";
}

const cell = (markdown: string): string => markdown.replaceAll("|", "\\|").replaceAll("\n", " ");
