import type { IncomingHttpHeaders } from "node:http";
import type { Response } from "express";
import { HomeserverAway } from "../../homeserver/homeserver.ts";
import { endToEnd, type JsonAnswer, SynapseAway } from "../../homeserver/upstream.ts";
import { CallerRefused, Undecidable } from "./caller.ts";
import { CANNOT_TELL, HOMESERVER_AWAY, refuse, TOO_LARGE } from "./error-response.ts";

/** Larger than any honest request. */
export class RequestTooLarge extends Error {
  override readonly name = "RequestTooLarge";
}

/** What the gate logs. Never a path or a token: they identify people, rooms and patients' files. */
export interface GateLog {
  warn(fields: object, message: string): void;
}

/** Passes on Synapse's answer, or `body` in place of its text. */
export function handOn(response: Response, answer: JsonAnswer, body: string = answer.text): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, headersFor(answer.headers));
  response.end(body);
}

export function headersFor(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept = endToEnd(headers);
  return Object.fromEntries(Object.entries(kept).filter((entry) => entry[1] !== undefined)) as Record<
    string,
    string | string[]
  >;
}

/** Aborts when the client goes away before its answer is complete, so that Synapse stops working on it. */
export function whileWanted(response: Response): AbortSignal {
  const gone = new AbortController();
  const ifGone = () => {
    if (!response.writableFinished) gone.abort();
  };
  // The client may have gone while something else was asked.
  if (response.destroyed) ifGone();
  else response.once("close", ifGone);
  return gone.signal;
}

/** Turns an error into an answer. Anything unforeseen is a refusal. */
export function answerFailure(response: Response, error: unknown, log: GateLog): void {
  if (response.destroyed || response.writableFinished) return;
  if (error instanceof CallerRefused) {
    handOn(response, error.answer);
  } else if (error instanceof RequestTooLarge) {
    refuse(response, TOO_LARGE);
  } else if (error instanceof SynapseAway || error instanceof HomeserverAway) {
    log.warn({ err: error }, "Synapse did not answer the read gate");
    refuse(response, HOMESERVER_AWAY);
  } else {
    log.warn(
      { err: error },
      error instanceof Undecidable ? "the read gate refused in doubt" : "the read gate failed",
    );
    refuse(response, CANNOT_TELL);
  }
}
