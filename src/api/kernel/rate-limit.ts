import type { Request, Response } from "express";
import { rateLimit } from "express-rate-limit";
import { Problem } from "./problem.ts";

export interface RateLimit {
  /** The requests that one key may make in a window. */
  readonly requests: number;
  readonly windowMs: number;
}

/** 200 a second, counted per process and key: enough for a first import user by user, but not for a runaway loop. */
export const RATE_LIMIT: RateLimit = { requests: 12_000, windowMs: 60_000 };

/** Counts a key's request. @throws Problem 429 if there were too many. */
export type CountRequest = (keyId: string, request: Request, response: Response) => Promise<void>;

export function countRequests(limit: RateLimit): CountRequest {
  const keyIds = new WeakMap<Request, string>();
  const problems = new WeakSet<Request>();
  const count = rateLimit({
    windowMs: limit.windowMs,
    limit: limit.requests,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    identifier: "requests",
    keyGenerator: (request: Request) => keyIds.get(request) ?? "",
    handler: (request: Request, _response, next) => {
      problems.add(request);
      next();
    },
  });
  return async (keyId, request, response) => {
    keyIds.set(request, keyId);
    await new Promise<void>((resolve, reject) => {
      const next = (error?: unknown) => (error ? reject(error) : resolve());
      Promise.resolve(count(request, response, next)).catch(reject);
    });
    if (problems.has(request)) {
      // express-rate-limit has set Retry-After on the response.
      throw new Problem(
        "too-many-requests",
        "This API key is sending requests too fast. Retry after the seconds in Retry-After.",
      );
    }
  };
}
