import type { Request, Response } from "express";
import type { Logger } from "pino";

/** Logs one line per request: the route's pattern, never the address, which names users and patients. */
export function logRequest(log: Logger, request: Request, response: Response, pattern: string): void {
  const started = performance.now();
  response.on("close", () => {
    const line = {
      method: request.method,
      route: pattern,
      status: response.statusCode,
      ms: Math.round(performance.now() - started),
      ...(response.writableFinished ? {} : { cut_off: true }),
    };
    // Health checks and scrapes come every few seconds.
    if (response.statusCode < 400 && request.method === "GET") log.debug(line, "request");
    else log.info(line, "request");
  });
}
