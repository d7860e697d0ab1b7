import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, sent unchanged. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body?: Buffer;
  readonly signal?: AbortSignal;
  /** Milliseconds of silence after which the homeserver counts as away. */
  readonly patience: number;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly text: string;
}

/** Synapse did not answer, or not usably. */
export class SynapseAway extends Error {
  override readonly name = "SynapseAway";
}

/** Synapse, as the gate reaches it. */
export interface Upstream {
  /** Resolves once the headers have arrived. @throws SynapseAway */
  send(request: UpstreamRequest): Promise<IncomingMessage>;
  /** The whole answer, at most `MOST_JSON` bytes. @throws SynapseAway */
  json(request: UpstreamRequest): Promise<JsonAnswer>;
  close(): void;
}

/** Far above any real answer to one request. A larger one is refused, so that memory stays bounded. */
const MOST_JSON = 64 * 1024 * 1024;

/**
 * @param connections the most that are kept open between requests. Ordinary requests and long polls each have their own
 * upstream, so that a thousand waiting clients do not block one request.
 */
export function upstream(synapseUrl: string, connections: number): Upstream {
  const base = new URL(synapseUrl);
  // An IPv6 address is in brackets in a URL, and without them in a connection.
  const hostname = base.hostname.replace(/^\[|\]$/g, "");
  const prefix = base.pathname.replace(/\/$/, "");
  const tls = base.protocol === "https:";
  // Idle connections are closed before Synapse closes them: Twisted does so after 60 s, and a request sent at that
  // moment would fail.
  const options = { keepAlive: true, maxSockets: connections, maxFreeSockets: 32, timeout: 30_000 };
  const agent = tls ? new TlsAgent(options) : new Agent(options);
  const open = tls ? httpsRequest : httpRequest;

  const send = (request: UpstreamRequest): Promise<IncomingMessage> =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const sent = open({
        hostname,
        port: base.port || (tls ? 443 : 80),
        method: request.method,
        path: `${prefix}${request.target}`,
        headers: {
          ...request.headers,
          ...(request.body ? { "content-length": String(request.body.length) } : {}),
        },
        agent,
        ...(request.signal ? { signal: request.signal } : {}),
      });
      sent.once("response", resolve);
      sent.once("error", (cause: NodeJS.ErrnoException) => {
        // Synapse was just closing a kept connection, or closed it on a restart: retry on another one
        // (https://nodejs.org/api/http.html#requestreusedsocket). Only requests that change nothing are retried.
        if (sent.reusedSocket && cause.code === "ECONNRESET" && request.method === "GET") {
          send(request).then(resolve, reject);
        } else reject(new SynapseAway("Synapse does not answer", { cause }));
      });
      sent.setTimeout(request.patience, () => sent.destroy(silence(sent.socket?.connecting === true)));
      sent.end(request.body);
    });

  return {
    send,
    json: async (request) => {
      const answer = await send(request);
      return { status: answer.statusCode ?? 502, headers: answer.headers, text: await wholeText(answer) };
    },
    close: () => agent.destroy(),
  };
}

/** Distinguished as other HTTP clients do: the connection was refused, or the answer did not come in time. */
function silence(connect: boolean): Error {
  const code = connect ? "ETIMEDOUT" : "ESOCKETTIMEDOUT";
  return Object.assign(new Error("Synapse took too long"), { code, connect });
}

async function wholeText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MOST_JSON) throw new Error("the answer is too large");
      chunks.push(chunk);
    }
  } catch (cause) {
    answer.destroy();
    throw new SynapseAway("Synapse's answer broke off", { cause });
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Only for this hop (RFC 9110, 7.6.1), or made again for the next one. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "expect",
];

export function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = { ...headers };
  for (const name of HOP_BY_HOP) delete kept[name];
  return kept;
}
