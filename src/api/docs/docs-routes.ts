import { createHash } from "node:crypto";
import { type Route, route } from "../kernel/route.ts";
import { writeDocsPage } from "./docs-page.ts";
import { STYLE } from "./docs-style.ts";
import { describeApi } from "./openapi.ts";

/** `/openapi.json` and `/docs`, both made once from the served routes. */
export function docsRoutes(routes: readonly Route[], publicUrl: string): Route[] {
  const own = documents(() => made);
  const document = describeApi([...routes, ...own], publicUrl);
  const made = { openapi: JSON.stringify(document, null, 2), page: writeDocsPage(document) };
  return own;
}

interface Made {
  readonly openapi: string;
  readonly page: string;
}

/** The page contains its one style sheet; nothing else may be loaded or run. */
const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; frame-ancestors 'none'`;

function documents(made: () => Made): Route[] {
  return [
    route({
      method: "GET",
      path: "/openapi.json",
      scope: "public",
      tag: "About",
      summary: "Get this documentation as OpenAPI",
      responses: { 200: { description: "OpenAPI 3.1", contentType: "application/json" } },
      handler: async () => ({
        status: 200,
        content: { type: "application/json; charset=utf-8", data: made().openapi },
      }),
    }),
    route({
      method: "GET",
      path: "/docs",
      scope: "public",
      tag: "About",
      summary: "Get this documentation as a page",
      responses: { 200: { description: "A page", contentType: "text/html" } },
      handler: async () => ({
        status: 200,
        headers: { "Content-Security-Policy": PAGE_POLICY },
        content: { type: "text/html; charset=utf-8", data: made().page },
      }),
    }),
  ];
}
