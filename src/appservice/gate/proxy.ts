import { Agent, ServerResponse } from "node:http";
import { Agent as TlsAgent } from "node:https";
import express, { type Request, type Router } from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import { createGate, type Gate, type GateOptions } from "./gate.ts";
import type { GateLog } from "./passage/answer.ts";
import { HOMESERVER_AWAY, refuse, sendJson, UNKNOWN_PATH } from "./passage/error-response.ts";
import { forwardedHeaders } from "./passage/forwarded.ts";
import { requestPath } from "./passage/request-path.ts";

/** What clients need. Not the administration API (/_synapse), and not federation. */
const PROXIED = /^\/(?:_matrix\/(?:client|media)\/|\.well-known\/matrix\/client$)/;

/**
 * The whole client API with the gate in it, for setups without nginx: development, demo, small practices. Requests and
 * answers are streamed unchanged, including long polls and large files.
 */
export type ClientApiProxyOptions = GateOptions;

export function createClientApiProxy(options: ClientApiProxyOptions): Gate {
  const gate = createGate(options);
  const tls = options.synapseUrl.startsWith("https:");
  const pool = { keepAlive: true, maxSockets: 4_096, maxFreeSockets: 64, timeout: 30_000 };
  const agent = tls ? new TlsAgent(pool) : new Agent(pool);
  const proxy = createProxyMiddleware<Request, express.Response>({
    target: options.synapseUrl,
    agent,
    // Ten minutes of silence: longer than any long poll, so only hung requests are cut.
    proxyTimeout: 10 * 60_000,
    on: {
      error: (error, _request, response) => answerProxyError(error, response, options.log),
    },
  });

  const router: Router = express.Router();
  router.use((request, response, next) => {
    if (PROXIED.test(requestPath(request.originalUrl))) next();
    else refuse(response, UNKNOWN_PATH);
  });
  router.use(gate.router);
  router.use((request, _response, next) => {
    // Before the proxy sees them: its own hook is skipped for requests with `Expect`.
    request.headers = forwardedHeaders(request, options.behindProxy);
    next();
  });
  router.use(proxy);
  return {
    router,
    close: () => {
      gate.close();
      agent.destroy();
    },
  };
}

function answerProxyError(error: Error & { code?: string }, response: unknown, log: GateLog): void {
  // Anything else is a WebSocket's socket, which is never upgraded here.
  if (!(response instanceof ServerResponse) || response.destroyed || response.writableFinished) return;
  log.warn({ err: error }, "Synapse did not answer the client API proxy");
  sendJson(response as express.Response, HOMESERVER_AWAY.status, {
    errcode: HOMESERVER_AWAY.errcode,
    error: HOMESERVER_AWAY.error,
  });
}
