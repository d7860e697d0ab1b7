import { z } from "zod";
import { ANY_TEXT } from "../../directory/input/text-patterns.ts";
import { PROBLEMS } from "../kernel/problem.ts";
import type { ResponseSpec, Route } from "../kernel/route.ts";
import { SCOPES } from "../kernel/scopes.ts";

/** A JSON Schema, or any other object in the document. */
export type Json = { [key: string]: unknown };

export interface ApiDocument {
  readonly openapi: "3.1.0";
  readonly info: Json;
  readonly servers: readonly Json[];
  readonly security: readonly Json[];
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Json;
    readonly schemas: Record<string, Json>;
    readonly responses: Json;
  };
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Json[];
  readonly parameters?: readonly OpenApiParameter[];
  readonly requestBody?: { readonly required: true; readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, ResponseObject>>;
}
export interface OpenApiParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Json;
}
export interface Media {
  readonly schema: Json;
  readonly example?: unknown;
}
export type ResponseObject =
  | { readonly description: string; readonly content?: Readonly<Record<string, Media>> }
  | { readonly $ref: string };

const INTRODUCTION = `Whisper's API for HealthTrack.

Send an API key as \`Authorization: Bearer whk_…\`; \`whisper api-key create\` makes one. Errors are
\`application/problem+json\` (RFC 9457), with \`errors: [{path, message}]\` for bad input. Unknown fields are errors.
Repeating a \`PUT\` has no further effect. A \`POST\` repeated within 24 hours with the same \`Idempotency-Key\` gets the first
answer. Times are RFC 3339 with an offset. Percent-encode user names and ids in an address.`;

/** The OpenAPI 3.1 description of these routes, made from the schemas that check the requests. */
export function describeApi(routes: readonly Route[], publicUrl: string): ApiDocument {
  const schemas = new SchemaCollection();
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Whisper", version: "1", description: INTRODUCTION },
    servers: [{ url: publicUrl }],
    security: [{ apiKey: [] }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: "http",
          scheme: "bearer",
          description: `An API key. The scopes: ${Object.entries(SCOPES)
            .map(([scope, what]) => `\`${scope}\` (${what})`)
            .join(", ")}.`,
        },
      },
      schemas: inOrder({ ...schemas.named, Problem: PROBLEM_SCHEMA }),
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([kind, [, title]]) => [
          kind,
          { description: title, content: { "application/problem+json": { schema: PROBLEM_REF } } },
        ]),
      ),
    },
  };
}

const inOrder = <T>(byName: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(byName).sort(([one], [other]) => (one < other ? -1 : 1)));

const PROBLEM_REF = { $ref: "#/components/schemas/Problem" };
const PROBLEM_SCHEMA: Json = {
  type: "object",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string", enum: Object.keys(PROBLEMS).map((kind) => `urn:whisper:problem:${kind}`) },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: { path: { type: "string", examples: ["users[3].email"] }, message: { type: "string" } },
      },
    },
  },
};

function operationOf(route: Route, schemas: SchemaCollection): Operation {
  const parameters = [
    ...parametersOf("path", route.params, schemas),
    ...parametersOf("query", route.query, schemas),
    ...(route.method === "POST" && route.scope !== "public" ? [IDEMPOTENCY_KEY] : []),
  ];
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(descriptionOf(route) === "" ? {} : { description: descriptionOf(route) }),
    security: route.scope === "public" ? [] : [{ apiKey: [route.scope] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: {
              "application/json": {
                schema: schemas.schemaOf(route.body),
                ...(route.bodyExample === undefined ? {} : { example: route.bodyExample }),
              },
            },
          },
        }
      : {}),
    responses: { ...successesOf(route, schemas), ...problemsOf(route) },
  };
}

const IDEMPOTENCY_KEY: OpenApiParameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "the same request with the same key gets the first answer again",
  schema: { type: "string", minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
};

function descriptionOf(route: Route): string {
  const scope = route.scope === "public" ? "" : `Needs the scope \`${route.scope}\`.`;
  return [route.description ?? "", scope].filter((part) => part !== "").join("\n\n");
}

function parametersOf(
  where: "path" | "query",
  schema: z.ZodObject | undefined,
  schemas: SchemaCollection,
): OpenApiParameter[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const { description, ...ofField } = schemas.schemaOf(field);
    return {
      name,
      in: where,
      required: where === "path" || !z.safeParse(field, undefined).success,
      ...(typeof description === "string" ? { description } : {}),
      schema: ofField,
    };
  });
}

function successesOf(route: Route, schemas: SchemaCollection): Record<string, ResponseObject> {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, spec]) => [status, responseOf(spec, schemas)]),
  );
}

function responseOf(spec: ResponseSpec, schemas: SchemaCollection): ResponseObject {
  const { description, body, contentType, example } = spec;
  if (!body && contentType === undefined) return { description };
  const plain = { type: contentType === "application/json" ? "object" : "string" };
  const schema = body ? schemas.schemaOf(body) : plain;
  const media = { schema, ...(example === undefined ? {} : { example }) };
  return { description, content: { [contentType ?? "application/json"]: media } };
}

function problemsOf(route: Route): Record<string, ResponseObject> {
  const usual = [
    ...(route.params || route.query || route.body ? [400] : []),
    ...(route.scope === "public" ? [] : [401, 403, 429, 503]),
    ...(route.body ? [413, 415] : []),
    ...(route.method === "POST" ? [409, 422] : []),
    500,
  ];
  const said = Object.entries(route.problems ?? {});
  return Object.fromEntries([
    ...Object.entries(PROBLEMS)
      .filter(([, [status]]) => usual.includes(status))
      .map(([kind, [status]]) => [String(status), { $ref: `#/components/responses/${kind}` }]),
    // Node answers this before any route, without a body.
    ["431", { description: "The headers are larger than 16 kB." }],
    ...said.map(([status, description]) => [
      status,
      { description, content: { "application/problem+json": { schema: PROBLEM_REF } } },
    ]),
  ]);
}

const operationId = (route: Route): string =>
  [route.method.toLowerCase(), ...route.path.replace("/api/v1/", "").split(/[^A-Za-z]+/)]
    .filter((word) => word !== "")
    .map((word, index) => (index === 0 ? word : word.slice(0, 1).toUpperCase() + word.slice(1)))
    .join("");

/** Makes JSON Schemas, and collects those with a name (`.meta({id})`) for `components`. */
class SchemaCollection {
  readonly named: Record<string, Json> = {};

  schemaOf(schema: z.ZodType): Json {
    const {
      $defs,
      $schema: _,
      ...made
    }: Json = z.toJSONSchema(schema, {
      io: "input",
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => this.simplify(zodSchema, jsonSchema),
    });
    const { id, ...whole } = withComponentRefs(made);
    for (const [name, definition] of Object.entries($defs ?? {})) this.add(name, definition);
    if (typeof id !== "string") return whole;
    this.add(id, whole);
    return { $ref: `#/components/schemas/${id}` };
  }

  /**
   * Says what a person needs to know: a field may give its own schema, and a format says more than its regular
   * expression.
   */
  private simplify(schema: z.core.$ZodType, json: Json): void {
    // A wrapper around a text already has the text's own pattern.
    if (schema._zod.def.type === "string" && typeof json.format === "string") delete json.pattern;
    else if (json.type === "string" && json.enum === undefined && json.format === undefined)
      json.pattern ??= ANY_TEXT;
    const { jsonSchema, listOf, maxItems } = z.globalRegistry.get(schema) ?? {};
    const own =
      listOf instanceof z.ZodType ? { type: "array", items: this.schemaOf(listOf), maxItems } : jsonSchema;
    if (typeof own !== "object" || own === null) return;
    const { description, default: standing } = json;
    for (const key of Object.keys(json)) delete json[key];
    Object.assign(
      json,
      own,
      description === undefined ? {} : { description },
      // What the field says about itself has the type it declares; the other is the text in an address.
      standing === undefined || "default" in own ? {} : { default: standing },
    );
  }

  private add(name: string, definition: unknown): void {
    const { id: _, ...schema } = withComponentRefs(definition);
    this.named[name] = schema;
  }
}

function withComponentRefs(schema: unknown): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
