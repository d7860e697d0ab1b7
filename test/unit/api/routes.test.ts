import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect } from "chai";
import { writeDocsPage } from "../../../src/api/docs-page.ts";
import { docsRoutes } from "../../../src/api/docs-routes.ts";
import { describeApi } from "../../../src/api/openapi.ts";
import { writeReference } from "../../../src/api/reference.ts";
import { isScope } from "../../../src/api/scopes.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { productRoutes } from "../../support/api.ts";

/** Whoever adds to this list says that anybody may call it. */
const PUBLIC = [
  "GET /health/live",
  "GET /health/ready",
  "GET /metrics",
  "GET /openapi.json",
  "GET /docs",
  "GET /open/patient/{token}",
];
const REFERENCE = new URL("../../../docs/api.md", import.meta.url);

describe("the table of routes", () => {
  // Never connected to: describing the routes needs no database.
  const served = productRoutes(openDatabase({ url: "postgres://127.0.0.1:1/none" }));
  const routes = [...served, ...docsRoutes(served)];

  it("asks for a scope, but for what is public on purpose", () => {
    const open = routes
      .filter((route) => route.scope === "public")
      .map((route) => `${route.method} ${route.path}`);
    expect(open.sort()).to.deep.equal([...PUBLIC].sort());
    for (const route of routes) if (route.scope !== "public") expect(isScope(route.scope)).to.equal(true);
  });

  it("keeps to /api/v1 for all that is not public", () => {
    for (const route of routes) if (route.scope !== "public") expect(route.path).to.match(/^\/api\/v1\//);
  });

  it("gives each operation a name of its own", () => {
    const ids = Object.values(describeApi(routes).paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    );
    expect(new Set(ids).size).to.equal(ids.length);
  });

  for (const route of routes) {
    it(`shows examples that are true: ${route.method} ${route.path}`, () => {
      if (route.bodyExample !== undefined)
        expect(route.body?.safeParse(route.bodyExample).error?.issues).to.equal(undefined);
      for (const answer of Object.values(route.responses)) {
        if (answer.example !== undefined)
          expect(answer.body?.safeParse(answer.example).error?.issues).to.equal(undefined);
      }
    });
  }

  it("is described by valid OpenAPI 3.1", async () => {
    const validator = new Validator();
    const document: Record<string, unknown> = JSON.parse(JSON.stringify(describeApi(routes)));
    const result = await validator.validate(document);
    expect(result.errors ?? []).to.deep.equal([]);
    expect(validator.version).to.equal("3.1");
    // A reference that leads nowhere is valid to the schema of OpenAPI.
    const text = JSON.stringify(document);
    for (const [, pointer = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let at: unknown = document;
      for (const part of pointer.split("/"))
        at = typeof at === "object" && at !== null ? Reflect.get(at, part) : undefined;
      expect(at, pointer).to.be.an("object");
    }
  });

  it("is described by a page that loads nothing and runs nothing", () => {
    const page = writeDocsPage(describeApi(routes));
    expect(page).not.to.match(/<script|<link|<img|src=|@import|url\(/);
    for (const route of routes) expect(page).to.include(route.summary.replaceAll("'", "&#39;"));
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]));
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g))
      expect(ids.has(target), target).to.equal(true);
  });

  it("is what docs/api.md says (UPDATE_DOCS=1 writes it)", () => {
    const reference = writeReference(routes);
    if (process.env.UPDATE_DOCS) writeFileSync(REFERENCE, reference);
    expect(existsSync(REFERENCE) ? readFileSync(REFERENCE, "utf8") : "").to.equal(reference);
  });
});
