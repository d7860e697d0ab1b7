import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect } from "chai";
import { writeDocsPage } from "../../../src/api/docs/docs-page.ts";
import { docsRoutes } from "../../../src/api/docs/docs-routes.ts";
import { describeApi } from "../../../src/api/docs/openapi.ts";
import { writeReference } from "../../../src/api/docs/reference.ts";
import { moment } from "../../../src/api/kernel/fields.ts";
import { isScope } from "../../../src/api/kernel/scopes.ts";
import { ANY_TEXT, FILLED_TEXT, VISIBLE_NAME } from "../../../src/directory/input/text-patterns.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { productRoutes } from "../../support/http/api.ts";

/** Adding a route here says that anyone may call it. */
const PUBLIC = [
  "GET /health/live",
  "GET /health/ready",
  "GET /metrics",
  "GET /openapi.json",
  "GET /docs",
  "GET /open/patient/{token}",
  "POST /open/patient/{token}",
  "GET /robots.txt",
];
const REFERENCE = new URL("../../../docs/api.md", import.meta.url);

describe("the table of routes", () => {
  // No connection is made: describing the routes needs no database.
  const served = productRoutes(openDatabase({ url: "postgres://127.0.0.1:1/none" }));
  const routes = [...served, ...docsRoutes(served, "/")];

  it("requires a scope, except for routes that are public on purpose", () => {
    const open = routes
      .filter((route) => route.scope === "public")
      .map((route) => `${route.method} ${route.path}`);
    expect(open.sort()).to.deep.equal([...PUBLIC].sort());
    for (const route of routes) if (route.scope !== "public") expect(isScope(route.scope)).to.equal(true);
  });

  it("keeps everything that is not public under /api/v1", () => {
    for (const route of routes) if (route.scope !== "public") expect(route.path).to.match(/^\/api\/v1\//);
  });

  it("gives each operation a unique name", () => {
    const ids = Object.values(describeApi(routes, "/").paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    );
    expect(new Set(ids).size).to.equal(ids.length);
  });

  for (const route of routes) {
    it(`shows valid examples: ${route.method} ${route.path}`, () => {
      if (route.bodyExample !== undefined)
        expect(route.body?.safeParse(route.bodyExample).error?.issues).to.equal(undefined);
      for (const answer of Object.values(route.responses)) {
        if (answer.example !== undefined)
          expect(answer.body?.safeParse(answer.example).error?.issues).to.equal(undefined);
      }
    });
  }

  /** Every schema in the document, with its location. */
  const schemas = (): [at: string, schema: Record<string, unknown>][] => {
    const found: [string, Record<string, unknown>][] = [];
    const walk = (value: unknown, at: string): void => {
      if (typeof value !== "object" || value === null) return;
      if ("type" in value || "pattern" in value) found.push([at, { ...value }]);
      for (const [key, inner] of Object.entries(value)) if (key !== "example") walk(inner, `${at}/${key}`);
    };
    walk(describeApi(routes, "/"), "");
    return found;
  };

  it("gives defaults of the field's type", () => {
    const defaults = schemas().filter(([, { default: standing }]) => standing !== undefined);
    expect(defaults).to.not.have.length(0);
    for (const [at, { type, default: standing }] of defaults) {
      const is = Array.isArray(standing) ? "array" : Number.isInteger(standing) ? "integer" : typeof standing;
      expect([type].flat(), at).to.include(is);
    }
  });

  it("has only patterns that every generator and validator understands, anchored at both ends", () => {
    const patterns = schemas().flatMap(([at, { pattern }]) =>
      typeof pattern === "string" ? [[at, pattern]] : [],
    );
    expect(patterns).to.not.have.length(0);
    // Texts of several lines, and names, where a control character counts as a blank.
    const ofAnyLines: string[] = [ANY_TEXT, FILLED_TEXT, VISIBLE_NAME];
    for (const [at, pattern = ""] of patterns) {
      expect(pattern, at)
        .to.match(/^\^.*\$$/)
        .and.to.not.match(/\\[pswdbux]\{|\\[pswdb]|\(\?/i);
      expect(new RegExp(pattern, "u").test("An\u0007na"), at).to.equal(ofAnyLines.includes(pattern));
      expect(new RegExp(pattern, "u").test("An\0na"), at).to.equal(false);
    }
  });

  it("keeps a moment's pattern and limits where it is optional", () => {
    const { paths } = describeApi(routes, "/");
    const from = paths["/api/v1/arrivals"]?.get?.parameters?.find(({ name }) => name === "from")?.schema;
    const read = new RegExp(String(from?.pattern), "u");
    const texts = [
      "1273-10-19T18:44:54Z",
      "1899-12-31T23:59:59Z",
      "1900-01-01T00:00:00+11:00",
      "9999-12-31T23:59:59-05:00",
    ];
    expect(texts.map((text) => read.test(text))).to.deep.equal([false, false, true, true]);
    expect(texts.map((text) => moment().safeParse(text).success)).to.deep.equal([false, false, true, true]);
    expect(moment().parse(texts[3]).toISOString()).to.equal("9999-12-31T23:59:59.999Z");
  });

  it("describes cursors, idempotency keys, and that no text contains NUL", () => {
    const { paths } = describeApi(routes, "/");
    const field = (path: string, method: string, name: string) => {
      const found = paths[path]?.[method]?.parameters?.find((each) => each.name === name)?.schema.pattern;
      return new RegExp(String(found), "u");
    };
    for (const path of ["/api/v1/users", "/api/v1/arrivals"])
      for (const none of ["0", "zzz", "00", "WyJhIl0", "1-00"])
        expect(field(path, "get", "cursor").test(none), `${path} ${none}`).to.equal(false);
    expect(field("/api/v1/users", "get", "cursor").test("616e6e61")).to.equal(true);
    expect(field("/api/v1/arrivals", "get", "cursor").test("1772400000000-61")).to.equal(true);
    const key = field("/api/v1/alerts", "post", "Idempotency-Key");
    expect([key.test("a key"), key.test("é"), key.test("a-key")]).to.deep.equal([false, false, true]);
    for (const [at, { type, format, pattern, enum: values }] of schemas())
      if (type === "string" && format === undefined && values === undefined)
        expect(new RegExp(String(pattern), "u").test("a\0"), at).to.equal(false);
  });

  it("states the range of a moment, and its maximum length", () => {
    const limited = schemas().filter(([, { formatMinimum }]) => formatMinimum === "1900-01-01T00:00:00Z");
    expect(limited).to.have.length.above(4);
    for (const [at, schema] of limited)
      expect(schema, at).to.include({
        type: "string",
        format: "date-time",
        maxLength: 64,
        formatMaximum: "9999-12-31T23:59:59Z",
      });
  });

  it("describes its own description as an object, and headers that are too large for every request", () => {
    const { paths } = describeApi(routes, "/");
    const description = paths["/openapi.json"]?.get?.responses["200"];
    expect(JSON.stringify(description)).to.contain('{"application/json":{"schema":{"type":"object"}}}');
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { responses }] of Object.entries(methods))
        expect(responses, `${method} ${path}`).to.have.property("431");
  });

  it("is valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const document: Record<string, unknown> = JSON.parse(JSON.stringify(describeApi(routes, "/")));
    const result = await validator.validate(document);
    expect(result.errors ?? []).to.deep.equal([]);
    expect(validator.version).to.equal("3.1");
    // OpenAPI's schema accepts a reference that leads nowhere.
    const text = JSON.stringify(document);
    for (const [, pointer = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let at: unknown = document;
      for (const part of pointer.split("/"))
        at = typeof at === "object" && at !== null ? Reflect.get(at, part) : undefined;
      expect(at, pointer).to.be.an("object");
    }
  });

  it("is documented by a page that loads and runs nothing", () => {
    const page = writeDocsPage(describeApi(routes, "/"));
    expect(page).not.to.match(/<script|<link|<img|src=|@import|url\(/);
    for (const route of routes) expect(page).to.include(route.summary.replaceAll("'", "&#39;"));
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g))
      expect(ids.has(target), target).to.equal(true);
  });

  it("matches docs/api.md (UPDATE_DOCS=1 writes it)", () => {
    const reference = writeReference(routes);
    if (process.env.UPDATE_DOCS) writeFileSync(REFERENCE, reference);
    expect(existsSync(REFERENCE) ? readFileSync(REFERENCE, "utf8") : "").to.equal(reference);
  });
});
