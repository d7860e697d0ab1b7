import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { close, type ListenOptions, listen } from "../api/kernel/listen.ts";
import { Problem } from "../api/kernel/problem.ts";

/** An address that is taken from the start, and answers once something can. */
export interface FrontDoor {
  open(app: RequestListener): void;
  /** @param patience milliseconds for requests that are being answered. */
  close(patience: number): Promise<void>;
}

/**
 * Listens immediately. Until it is opened, nothing is acknowledged: everyone is told to retry, in the format each of
 * them knows, and only `/health/live` succeeds.
 * @throws if the address is in use.
 */
export async function frontDoor(address: ListenOptions): Promise<FrontDoor> {
  let answer: RequestListener = notYet;
  const server = await listen((request, response) => answer(request, response), address);
  return {
    open: (app) => {
      answer = app;
    },
    close: (patience) => close(server, patience),
  };
}

const WAITING = "Whisper is waiting for its database. Try again in a moment.";

function notYet({ url = "" }: IncomingMessage, response: ServerResponse): void {
  const answer = (status: number, body: string, type: string) =>
    response
      .writeHead(status, {
        "content-type": type,
        "cache-control": "no-store",
        ...(status === 503 && { "retry-after": "5" }),
      })
      .end(body);
  const say = (status: number, body: unknown, type = "application/json") =>
    answer(status, JSON.stringify(body), type);
  if (url === "/health/live") say(200, { live: true });
  else if (url === "/health/ready")
    say(503, { ready: false, checks: { database: { ok: false, detail: "waiting for the database" } } });
  // Deliberately not JSON: the antispam module then does what it was told to do on failures (messages pass, everything
  // else is refused). It would take any JSON as a verdict and reject messages as spam.
  else if (url.startsWith("/policy/")) answer(503, WAITING, "text/plain");
  else if (url.startsWith("/_matrix/")) say(503, { errcode: "M_UNKNOWN", error: WAITING });
  else say(503, new Problem("unavailable", WAITING), "application/problem+json");
}
