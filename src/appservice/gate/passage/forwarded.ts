import type { IncomingHttpHeaders } from "node:http";
import type { Request } from "express";

/**
 * Headers that say on whose behalf a request comes. A client's claim counts for nothing. `Expect` is answered here when
 * the request arrives (node:http, "checkContinue").
 */
const NOT_PASSED_ON =
  /^(?:expect|x-forwarded-.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|forwarded|via)$/;

/**
 * A request's headers as Synapse gets them: the client's own, and who the client is.
 * @param behindProxy a proxy in front says who the client is, and overwrites what clients say themselves.
 */
export function forwardedHeaders(request: Request, behindProxy: boolean): IncomingHttpHeaders {
  const own = Object.entries(request.headers).filter(([name]) => !NOT_PASSED_ON.test(name));
  return {
    ...Object.fromEntries(own),
    "x-forwarded-for": clientAddress(request, behindProxy),
    // Without it, Synapse warns for each request that it has to guess.
    "x-forwarded-proto": clientProtocol(request, behindProxy),
  };
}

function clientAddress(request: Request, behindProxy: boolean): string {
  const told = behindProxy ? lastOf(request.headers["x-forwarded-for"]) : undefined;
  return told || (request.socket.remoteAddress ?? "");
}

function clientProtocol(request: Request, behindProxy: boolean): string {
  const told = behindProxy ? lastOf(request.headers["x-forwarded-proto"]) : undefined;
  if (told === "http" || told === "https") return told;
  return "encrypted" in request.socket && request.socket.encrypted === true ? "https" : "http";
}

/** The nearest proxy's value: earlier ones may come from the client. */
const lastOf = (value: string | readonly string[] | undefined): string | undefined =>
  (typeof value === "string" ? value : value?.join(","))?.split(",").at(-1)?.trim();
