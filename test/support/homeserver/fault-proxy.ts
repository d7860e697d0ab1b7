/**
 * An HTTP proxy between Whisper and Synapse that lets a test cause faults at an exact moment. It counts requests,
 * refuses connections and answers in Synapse's place. It calls the test back before a request goes on, or after Synapse
 * has answered and before Whisper hears of it. Production code does not know about it.
 */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { type Arrival, arrival, type Matcher, matcherOf, type RequestPattern } from "./request-pattern.ts";

export type { Arrival, RequestPattern } from "./request-pattern.ts";

/** What happens to the request for which a fault was set. */
export type Outcome =
  /** Continue as if nothing had happened. */
  | { readonly kind: "pass" }
  /** Break the connection without an answer. */
  | { readonly kind: "drop" }
  /** Answer in Synapse's place. `before`: Synapse never hears of the request. `after`: its answer is replaced. */
  | { readonly kind: "answer"; readonly status: number; readonly body: unknown };

export interface FaultSpec {
  readonly when: "before" | "after";
  readonly match: RequestPattern;
  /** Which of the matching requests from now on, counted from 1. Default: the first. */
  readonly nth?: number;
  /** What the test does, such as killing Whisper. If it returns no outcome, the request passes. */
  readonly act: (request: Arrival) => Promise<Outcome | undefined> | Outcome | undefined;
}

export interface Fault {
  /** Resolves when the fault has happened and its act is done. Rejects when the act fails. */
  readonly happened: Promise<Arrival>;
  cancel(): void;
}

interface ArmedFault {
  readonly spec: FaultSpec;
  readonly matches: Matcher;
  remaining: number;
  resolve(request: Arrival): void;
  reject(error: unknown): void;
}

export class FaultProxy {
  readonly url: string;
  readonly #server: Server;
  readonly #port: number;
  readonly #upstream: URL;
  readonly #sockets = new Set<Socket>();
  readonly #requests: Arrival[] = [];
  readonly #faults = new Set<ArmedFault>();
  #open = true;

  private constructor(server: Server, port: number, upstream: URL) {
    this.#server = server;
    this.#port = port;
    this.#upstream = upstream;
    this.url = `http://127.0.0.1:${port}`;
    server.on("request", (request, response) => void this.#handle(request, response));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(upstream: string): Promise<FaultProxy> {
    const server = createServer();
    // The proxy must not cut short a long poll, or a test's slow act.
    server.requestTimeout = 0;
    server.keepAliveTimeout = 60_000;
    return new FaultProxy(server, await listen(server, 0), new URL(upstream));
  }

  /** Requests since the last `forget`, refused ones not included. */
  requests(pattern?: RequestPattern): readonly Arrival[] {
    return pattern === undefined ? this.#requests : this.#requests.filter(matcherOf(pattern));
  }

  count(pattern?: RequestPattern): number {
    return this.requests(pattern).length;
  }

  forget(): void {
    this.#requests.length = 0;
  }

  /** Refuses connections and breaks the open ones, as a homeserver does that is down. */
  async goDown(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async comeBack(): Promise<void> {
    if (this.#open) return;
    await listen(this.#server, this.#port);
    this.#open = true;
  }

  /** Sets one fault. It happens once. */
  inject(spec: FaultSpec): Fault {
    const { promise, resolve, reject } = Promise.withResolvers<Arrival>();
    // If a test fails earlier for another reason, an unhandled rejection must not follow.
    promise.catch(() => undefined);
    const fault: ArmedFault = {
      spec,
      matches: matcherOf(spec.match),
      remaining: spec.nth ?? 1,
      resolve,
      reject,
    };
    this.#faults.add(fault);
    return { happened: promise, cancel: () => void this.#faults.delete(fault) };
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  async stop(): Promise<void> {
    this.#faults.clear();
    await this.goDown();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = arrival(request);
    this.#requests.push(seen);
    const fault = this.#take(seen);
    const before = fault?.spec.when === "before" ? await carryOut(fault, seen) : undefined;
    if (settle(before, request, response)) return;

    const forwarded = httpRequest(
      {
        host: this.#upstream.hostname,
        port: this.#upstream.port,
        method: request.method,
        path: request.url,
        headers: request.headers,
      },
      (answer) => {
        void (async () => {
          const after = fault?.spec.when === "after" ? await carryOut(fault, seen) : undefined;
          if (after !== undefined && after.kind !== "pass") answer.resume();
          if (settle(after, request, response)) return;
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
          answer.once("error", () => response.destroy());
        })();
      },
    );
    forwarded.once("error", () => response.destroy());
    // When Whisper is gone or stops waiting, Synapse should see that as it would without a proxy.
    response.once("close", () => {
      if (!response.writableFinished && fault === undefined) forwarded.destroy();
    });
    request.pipe(forwarded);
  }

  #take(request: Arrival): ArmedFault | undefined {
    for (const fault of this.#faults) {
      if (!fault.matches(request)) continue;
      fault.remaining -= 1;
      if (fault.remaining > 0) continue;
      this.#faults.delete(fault);
      return fault;
    }
    return undefined;
  }
}

async function carryOut(fault: ArmedFault, request: Arrival): Promise<Outcome> {
  try {
    const outcome = (await fault.spec.act(request)) ?? { kind: "pass" };
    fault.resolve(request);
    return outcome;
  } catch (error) {
    fault.reject(error);
    return { kind: "pass" };
  }
}

/** True when the outcome ends the request here. */
function settle(outcome: Outcome | undefined, request: IncomingMessage, response: ServerResponse): boolean {
  if (outcome === undefined || outcome.kind === "pass") return false;
  if (outcome.kind === "drop") {
    request.socket.destroy();
    return true;
  }
  request.resume();
  response.writeHead(outcome.status, { "content-type": "application/json" });
  response.end(JSON.stringify(outcome.body));
  return true;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("no port was given"));
      else resolve(address.port);
    });
  });
}
