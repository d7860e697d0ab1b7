import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "pino";
import type { Database } from "../../store/database.ts";
import { BODY_LIMIT, readJson } from "./body.ts";
import { isWorthRepeating, loggable, problemOf } from "./errors.ts";
import {
  hashOfRequest,
  type IdempotentRequest,
  idempotencyKeyOf,
  onceInTransaction,
  onceOutside,
} from "./idempotency.ts";
import { bearerOf, type KeyRing, mustHaveScope } from "./key-ring.ts";
import { invalidInput, Problem } from "./problem.ts";
import type { CountRequest } from "./rate-limit.ts";
import { sendProblem, sendReply } from "./reply.ts";
import { logRequest } from "./request-log.ts";
import type { Caller, Prepared, Reply, RequestContext, Route } from "./route.ts";

export interface DispatchDependencies {
  readonly database: Database;
  readonly keys: KeyRing;
  readonly countRequest: CountRequest;
  readonly log: Logger;
  /** Checks each reply against its route's schema: for tests. */
  readonly checkReplies: boolean;
}

/** How often a transaction that meets a deadlock is run. */
const TRIES = 3;

/** Serves all routes of one path: chooses by method, and handles a request from its first byte to its answer. */
export function dispatch(routes: readonly Route[], dependencies: DispatchDependencies): RequestHandler {
  const byMethod = new Map<string, Route>(routes.map((route) => [route.method, route]));
  const get = byMethod.get("GET");
  if (get) byMethod.set("HEAD", get);
  const allow = [...byMethod.keys()].sort().join(", ");

  return async (request, response) => {
    const route = byMethod.get(request.method);
    const pattern = routes[0]?.path ?? "";
    logRequest(dependencies.log, request, response, pattern);
    try {
      if (!route)
        throw new Problem("method-not-allowed", `Allowed here: ${allow}.`, { headers: { Allow: allow } });
      await serve(route, request, response, dependencies);
    } catch (error) {
      const { problem, unexpected } = problemOf(error);
      if (unexpected) {
        dependencies.log.error(
          { method: request.method, route: pattern, error: loggable(error) },
          "request failed",
        );
      }
      sendProblem(response, problem);
    }
  };
}

async function serve(
  route: Route,
  request: Request,
  response: Response,
  dependencies: DispatchDependencies,
): Promise<void> {
  const caller = await authorize(route, request, response, dependencies);
  const idempotencyKey =
    route.method === "POST" ? idempotencyKeyOf(request.headers["idempotency-key"]?.toString()) : null;
  const prepared = route.prepare({
    params: paramsOf(request),
    query: queryOf(request),
    // A body that is not required may be left out, or be an empty object.
    body: await bodyOf(route, request, response),
  });
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const context: RequestContext = {
    caller,
    log: dependencies.log,
    method: request.method,
    remoteAddress: request.socket.remoteAddress ?? "",
    header: (name) => request.get(name),
    signal: gone.signal,
  };
  const apiKey = bearerOf(request.headers.authorization);
  const idempotent =
    caller && apiKey !== null && idempotencyKey !== null
      ? {
          apiKeyId: caller.keyId,
          apiKey,
          key: idempotencyKey,
          hash: hashOfRequest(route.method, route.path, prepared.input),
        }
      : null;
  const { reply, replayed } = await carryOut(prepared, context, idempotent, dependencies.database);
  if (dependencies.checkReplies) checkReply(route, reply);
  if (replayed) response.set("Idempotency-Replayed", "true");
  await sendReply(response, request.method === "HEAD" ? withoutStream(reply) : reply, gone.signal);
}

async function authorize(
  route: Route,
  request: Request,
  response: Response,
  dependencies: DispatchDependencies,
): Promise<Caller | null> {
  if (route.scope === "public") return null;
  const caller = await dependencies.keys.callerOf(request.headers.authorization);
  await dependencies.countRequest(caller.keyId, request, response);
  mustHaveScope(caller, route.scope);
  return caller;
}

async function carryOut(
  prepared: Prepared,
  context: RequestContext,
  idempotent: IdempotentRequest | null,
  database: Database,
): Promise<{ reply: Reply; replayed: boolean }> {
  if (prepared.effects === "outside") {
    const work = () => prepared.run(context);
    return idempotent ? onceOutside(database, idempotent, work) : { reply: await work(), replayed: false };
  }
  const { reply, replayed } = await repeatedly(() =>
    database.transaction(async (tx) => {
      const work = () => prepared.run({ ...context, tx });
      return idempotent ? onceInTransaction(tx, idempotent, work) : { reply: await work(), replayed: false };
    }),
  );
  return { reply: await prepared.finish(reply, context), replayed };
}

async function repeatedly<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES || !isWorthRepeating(error)) throw error;
    }
  }
}

function paramsOf(request: Request): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.params).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join("/") : value,
    ]),
  );
}

function queryOf(request: Request): Record<string, string | string[]> {
  const at = request.originalUrl.indexOf("?");
  const text = at === -1 ? "" : request.originalUrl.slice(at + 1);
  try {
    decodeURIComponent(text);
  } catch {
    throw invalidInput([{ path: "", message: "The query is not valid percent-encoding" }]);
  }
  const search = new URLSearchParams(text);
  return Object.fromEntries(
    [...new Set(search.keys())].map((name) => {
      const [first = "", ...others] = search.getAll(name);
      return [name, others.length === 0 ? first : [first, ...others]];
    }),
  );
}

async function bodyOf(route: Route, request: Request, response: Response): Promise<unknown> {
  if (route.method === "GET") return {};
  const body = await readJson(request, response, route.bodyLimit ?? BODY_LIMIT);
  return body === undefined && !route.body ? {} : body;
}

/** A HEAD has no body to stream, and a stream may never end. */
function withoutStream(reply: Reply): Reply {
  if (reply.content === undefined || typeof reply.content.data === "string") return reply;
  return { ...reply, content: { ...reply.content, data: "" } };
}

function checkReply(route: Route, reply: Reply): void {
  const spec = route.responses[reply.status];
  if (!spec) throw new Error(`${route.method} ${route.path} does not declare an answer ${reply.status}`);
  spec.body?.parse(reply.body);
}
