import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Logger } from "pino";
import type { Database } from "../store/database.ts";
import { docsRoutes } from "./docs/docs-routes.ts";
import { type DispatchDependencies, dispatch } from "./kernel/dispatch.ts";
import { loggable, problemOf } from "./kernel/errors.ts";
import type { KeyRing } from "./kernel/key-ring.ts";
import { Problem } from "./kernel/problem.ts";
import { countRequests, type RateLimit } from "./kernel/rate-limit.ts";
import { sendProblem } from "./kernel/reply.ts";
import type { Route } from "./kernel/route.ts";
import { securityHeaders } from "./kernel/security-headers.ts";

export interface ApiOptions {
  readonly database: Database;
  readonly routes: readonly Route[];
  readonly log: Logger;
  /** Per API key and process. */
  readonly rateLimit: RateLimit;
  readonly keys: KeyRing;
  /** The API's address, for the documents. */
  readonly publicUrl: string;
  /** Checks each reply against its schema, as the tests do. */
  readonly checkReplies: boolean;
}

/**
 * The API as an express app, on its own or mounted with `app.use(createApi(…))`. It answers its own routes, the
 * documents, and 404 for anything else below /api; other paths are left to the next handler.
 */
export function createApi(options: ApiOptions): Express {
  const dependencies: DispatchDependencies = {
    database: options.database,
    keys: options.keys,
    countRequest: countRequests(options.rateLimit),
    log: options.log,
    checkReplies: options.checkReplies,
  };
  const routes = [...options.routes, ...docsRoutes(options.routes, options.publicUrl)];
  const app = express().disable("x-powered-by").disable("etag");
  const router = express.Router({ caseSensitive: true, strict: true });
  for (const [path, ofPath] of byPath(routes)) {
    router.all(expressPath(path), securityHeaders, dispatch(ofPath, dependencies));
  }
  router.use("/api", securityHeaders, unknownPath);
  app.use(router);
  app.use(answerErrors(options.log));
  return app;
}

/** Answers 404 to everything not answered so far: an app's last handler. */
export const unknownPath: RequestHandler = (_request, response) => {
  sendProblem(response, new Problem("not-found", "There is nothing at this address."));
};

/** Answers errors thrown outside a route, mostly for broken addresses. */
export function answerErrors(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const { problem, unexpected } = problemOf(error);
    if (unexpected) log.error({ method: request.method, error: loggable(error) }, "request failed");
    securityHeaders(request, response, () => sendProblem(response, problem));
  };
}

/** @throws Error if two routes are the same, or a path does not match its parameters. */
function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    const ofPath = paths.get(route.path) ?? [];
    if (ofPath.some((other) => other.method === route.method)) {
      throw new Error(`There are two routes ${route.method} ${route.path}`);
    }
    const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    const declared = Object.keys(route.params?.shape ?? {}).sort();
    if (named.join() !== declared.join()) {
      throw new Error(
        `${route.method} ${route.path} declares the parameters ${declared.join(", ") || "none"}`,
      );
    }
    paths.set(route.path, [...ofPath, route]);
  }
  return paths;
}

const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");
