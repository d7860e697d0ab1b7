import { setRequestFn } from "@vector-im/matrix-bot-sdk";
import { SynapseAway, type Upstream, upstream } from "./upstream.ts";

/** The client library's request: some of the options of the package `request`. */
interface LibraryRequest {
  readonly uri: string;
  readonly method: string;
  readonly qs?: Readonly<Record<string, unknown>> | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Milliseconds of silence after which the homeserver counts as away. */
  readonly timeout: number;
}

interface LibraryAnswer {
  readonly statusCode: number;
  readonly headers: unknown;
  readonly body: string;
}

type Done = (error: unknown, answer?: LibraryAnswer, body?: string) => void;

/** The most connections to one homeserver, kept open between calls. */
const CONNECTIONS = 256;
const homeservers = new Map<string, Upstream>();

/**
 * Makes the client library send its calls the way the read gate does. Its default, the package `request`, is no longer
 * maintained, and sends calls within the machine through a proxy that the environment names (HTTP_PROXY).
 */
export function sendOurselves(): void {
  setRequestFn((request: LibraryRequest, done: Done) => {
    send(request).then(
      (answer) => done(undefined, answer, answer.body),
      (error: unknown) => done(error instanceof SynapseAway ? error.cause : error),
    );
  });
}

async function send(request: LibraryRequest): Promise<LibraryAnswer> {
  // The path is sent as it was built: a URL would resolve dots in it.
  const [, origin = "", path = ""] = /^(https?:\/\/[^/?]+)(.*)$/s.exec(request.uri) ?? [];
  const homeserver = homeservers.get(origin) ?? upstream(origin, CONNECTIONS);
  homeservers.set(origin, homeserver);
  const query = new URLSearchParams(
    Object.entries(request.qs ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  const { status, headers, text } = await homeserver.json({
    method: request.method,
    target: query === "" ? path : `${path}?${query}`,
    headers: request.headers,
    patience: request.timeout,
    ...(request.body === undefined ? {} : { body: Buffer.from(request.body) }),
  });
  return { statusCode: status, headers, body: text };
}
