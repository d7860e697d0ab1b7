import type { IncomingHttpHeaders } from "node:http";
import type { Request } from "express";

/**
 * What says on whose behalf a request comes. A client's word for it counts for nothing.
 * `Expect` is answered here, as soon as the request has come (node:http, "checkContinue").
 */
const NOT_PASSED_ON =
  /^(?:expect|x-forwarded-.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|forwarded|via)$/;

/**
 * The headers of a request as Synapse gets them: the client's own, and who the client is.
 * @param behindProxy a proxy in front says who the client is, and overwrites what clients say themselves.
 */
export function forwardedHeaders(request: Request, behindProxy: boolean): IncomingHttpHeaders {
  const own = Object.entries(request.headers).filter(([name]) => !NOT_PASSED_ON.test(name));
  return {
    ...Object.fromEntries(own),
    "x-forwarded-for": clientAddress(request, behindProxy),
    // Without it Synapse warns, of each request, that it has to guess.
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

/** The nearest proxy's own word: others before it may be the client's. */
const lastOf = (value: string | readonly string[] | undefined): string | undefined =>
  (typeof value === "string" ? value : value?.join(","))?.split(",").at(-1)?.trim();
