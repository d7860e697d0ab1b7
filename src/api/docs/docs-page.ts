import { STYLE } from "./docs-style.ts";
import type { ApiDocument, Media, OpenApiParameter, Operation, ResponseObject } from "./openapi.ts";
import { rowsOf, type SchemaRow, typeOf } from "./schema-rows.ts";

/** The OpenAPI document as one page without scripts: it loads nothing, so it works on a closed network. */
export function writeDocsPage(document: ApiDocument): string {
  const operations = operationsOf(document);
  const tags = document.tags.map((tag) => tag.name);
  const schemas = Object.entries(document.components.schemas);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Whisper's API</title>
<style>${STYLE}</style>
</head>
<body>
<nav aria-label="Contents">
<a class="home" href="#top">Whisper's API</a>
${tags
  .map(
    (tag) => `<h2>${text(tag)}</h2>
<ul>${operations
      .filter((each) => each.operation.tags.includes(tag))
      .map(linkTo)
      .join("\n")}</ul>`,
  )
  .join("\n")}
<h2>Schemas</h2>
<ul>${schemas.map(([name]) => `<li><a href="#schema-${text(name)}">${text(name)}</a></li>`).join("\n")}</ul>
</nav>
<main id="top">
<h1>Whisper's API</h1>
${paragraphs(String(document.info.description ?? ""))}
<p>For machines: <a href="openapi.json">openapi.json</a> (OpenAPI ${text(document.openapi)}).</p>
${tags
  .map(
    (tag) => `<h2>${text(tag)}</h2>
${operations
  .filter((each) => each.operation.tags.includes(tag))
  .map(section)
  .join("\n")}`,
  )
  .join("\n")}
<h2>Schemas</h2>
${schemas
  .map(
    ([name, schema]) =>
      `<section id="schema-${text(name)}"><h3>${text(name)}</h3>${table(rowsOf(schema))}</section>`,
  )
  .join("\n")}
</main>
</body>
</html>
`;
}

interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Every operation in the document's order. */
export function operationsOf(document: ApiDocument): Listed[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

const linkTo = ({ method, operation }: Listed): string =>
  `<li><a href="#${text(operation.operationId)}">${badge(method)} ${text(operation.summary)}</a></li>`;

const badge = (method: string): string => `<span class="method ${method.toLowerCase()}">${method}</span>`;

function section({ method, path, operation }: Listed): string {
  const [body] = Object.values(operation.requestBody?.content ?? {});
  return `<section id="${text(operation.operationId)}">
<h3>${text(operation.summary)}</h3>
<p class="address">${badge(method)} <code>${text(path).replaceAll(/\{\w+\}/g, "<b>$&</b>")}</code></p>
${paragraphs(operation.description ?? "")}
${operation.parameters ? `<h4>Parameters</h4>${table(operation.parameters.map(rowOfParameter))}` : ""}
${body ? `<h4>Body</h4>${media(body)}` : ""}
<h4>Answers</h4>
<dl class="answers">${Object.entries(operation.responses).map(answer).join("\n")}</dl>
</section>`;
}

function rowOfParameter(parameter: OpenApiParameter): SchemaRow {
  const standing =
    parameter.schema.default === undefined ? "" : `; default ${JSON.stringify(parameter.schema.default)}`;
  return {
    name: parameter.name,
    ...typeOf(parameter.schema),
    required: parameter.required,
    description: `${parameter.in === "path" ? "in the address" : parameter.in}${parameter.description ? `: ${parameter.description}` : ""}${standing}`,
  };
}

function answer([status, response]: readonly [string, ResponseObject]): string {
  if ("$ref" in response) {
    const kind = response.$ref.split("/").at(-1) ?? "";
    return `<dt class="problem">${text(status)}</dt><dd>${text(kind.replaceAll("-", " "))}</dd>`;
  }
  const [content] = Object.entries(response.content ?? {});
  const problem = content?.[0] === "application/problem+json";
  return `<dt${problem ? ' class="problem"' : ""}>${text(status)}</dt><dd>${inline(response.description)}${content && !problem ? media(content[1]) : ""}</dd>`;
}

function media({ schema, example }: Media): string {
  const { link } = typeOf(schema);
  const shape =
    link === null
      ? table(rowsOf(schema))
      : `<p>A <a href="#schema-${text(link)}">${text(typeOf(schema).type)}</a>.</p>`;
  return `${shape}${example === undefined ? "" : `<pre>${text(JSON.stringify(example, null, 2))}</pre>`}`;
}

function table(rows: readonly SchemaRow[]): string {
  return `<table><tbody>${rows
    .map(
      (
        row,
      ) => `<tr><th scope="row"><code>${text(row.name)}</code>${row.required ? "" : " <small>optional</small>"}</th>
<td>${row.link === null ? text(row.type) : `<a href="#schema-${text(row.link)}">${text(row.type)}</a>`}</td><td>${inline(row.description)}</td></tr>`,
    )
    .join("\n")}</tbody></table>`;
}

const paragraphs = (markdown: string): string =>
  markdown
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph.trim() !== "")
    .map((paragraph) => `<p>${inline(paragraph)}</p>`)
    .join("\n");

const inline = (markdown: string): string => text(markdown).replaceAll(/`([^`]+)`/g, "<code>$1</code>");

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const text = (plain: string): string =>
  plain.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
