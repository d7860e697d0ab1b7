/** Names requests by method and path, for counting them and for setting faults. */
import type { IncomingMessage } from "node:http";

export interface RequestPattern {
  readonly method?: string;
  /**
   * A decoded path: `*` stands for one segment, a final `**` for any rest, as in "/_matrix/client/v3/rooms/*" +
   * "/send/**". Or an expression, matched against the path as it was sent, without its query.
   */
  readonly path?: string | RegExp;
  /** The user in whose name the appservice acts (`?user_id=`). */
  readonly actingFor?: string;
  /** The access token: tells Whisper's own calls from those that pass through its read gate. */
  readonly token?: string;
}

export interface Arrival {
  readonly method: string;
  /** Without the query, still encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  readonly at: number;
}

export type Matcher = (request: Arrival) => boolean;

export function arrival(request: IncomingMessage): Arrival {
  const url = new URL(request.url ?? "/", "http://proxy");
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    token: /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1],
    at: performance.now(),
  };
}

export function matcherOf({ method, path, actingFor, token }: RequestPattern): Matcher {
  const fits = pathTest(path);
  return (request) =>
    (method === undefined || request.method === method.toUpperCase()) &&
    fits(request.path) &&
    (token === undefined || request.token === token) &&
    (actingFor === undefined || request.query.get("user_id") === actingFor);
}

function pathTest(wanted: string | RegExp | undefined): (path: string) => boolean {
  if (wanted === undefined) return () => true;
  if (wanted instanceof RegExp) return (path) => wanted.test(path);
  const segments = wanted.split("/");
  const open = segments.at(-1) === "**";
  if (open) segments.pop();
  // Segment by segment: a room id or transaction id may hold an encoded slash.
  return (path) => {
    const given = path.split("/").map(decodeURIComponent);
    const longEnough = open ? given.length > segments.length : given.length === segments.length;
    return longEnough && segments.every((segment, index) => segment === "*" || segment === given[index]);
  };
}
