import { once } from "node:events";
import type { Response } from "express";
import type { Problem } from "./problem.ts";
import type { Reply } from "./route.ts";

/** Sends a handler's answer. Resolves once everything has been given to the connection. */
export async function sendReply(response: Response, reply: Reply, signal: AbortSignal): Promise<void> {
  response.status(reply.status).set(reply.headers ?? {});
  if (reply.content !== undefined) {
    response.set("Content-Type", reply.content.type);
    if (typeof reply.content.data === "string") response.end(reply.content.data);
    else await stream(response, reply.content.data, signal);
  } else if (reply.body !== undefined) {
    response.set("Content-Type", "application/json; charset=utf-8").end(JSON.stringify(reply.body));
  } else {
    response.end();
  }
}

/** A stream of server-sent events, which nothing on the way may keep (HTML standard, "Server-sent events"). */
export const eventStream = (pieces: AsyncIterable<string>) =>
  ({
    status: 200,
    headers: { "Cache-Control": "no-store", "X-Accel-Buffering": "no" },
    content: { type: "text/event-stream", data: pieces },
  }) as const;

/** Sends as fast as the reader reads. If the reader disconnects, the source's `return` is called. */
async function stream(response: Response, source: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
  response.flushHeaders();
  for await (const piece of source) {
    if (signal.aborted) return;
    if (!response.write(piece)) await once(response, "drain", { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
  response.end();
}

export function sendProblem(response: Response, problem: Problem): void {
  if (response.headersSent) {
    // Half an answer has been sent. Breaking the connection keeps it from being taken for a whole one.
    response.destroy();
    return;
  }
  response
    .status(problem.status)
    .set(problem.headers)
    .set("Content-Type", "application/problem+json; charset=utf-8")
    .end(JSON.stringify(problem));
}
