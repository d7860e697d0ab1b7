/** All requests: each route of the installed Synapse, as it is meant and written in many other ways. */
import { requestPath } from "../../src/appservice/gate/passage/request-path.ts";
import {
  lookAlikePaths,
  oddPaths,
  plainPaths,
  type Route,
  synapseRoutes,
} from "../support/homeserver/synapse-routes.ts";
import { mayPassTheGate } from "../support/homeserver/ungated-servlets.ts";
import type { Known } from "../support/stack/every-read.ts";

export interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly servlet: string;
  readonly body?: unknown;
}

/** These end the attacker's own session or account, and with it the attack, or only make something new. */
const NOT_TRIED = new Set(
  `LogoutRestServlet LogoutAllRestServlet DeactivateAccountRestServlet DeleteDevicesRestServlet DeviceRestServlet
  PasswordRestServlet RoomCreateRestServlet RegisterRestServlet UploadServlet AsyncUploadServlet CreateResource
  RoomUpgradeRestServlet RoomSendEventRestServlet`.split(/\s+/),
);

/** As much of the past as a query can ask for, with every route's parameters at once. */
function queries(known: Known): readonly string[] {
  const filter = encodeURIComponent(
    JSON.stringify({ room: { include_leave: true, timeline: { limit: 1_000 } } }),
  );
  const all = `timeout=0&dir=b&limit=1000&archived=true&full_state=true&width=8&height=8&ts=0&filter=${filter}`;
  return [
    `?${all}`,
    `?${all}&since=${known.since}`,
    `?${all}&since=s1_1_0_1_1_1_1_1_0_1_1_1_1_1&allow_redirect=true`,
    `?timeout=0&dir=f&from=${known.since}&pos=${encodeURIComponent(`0/${known.since}`)}`,
  ];
}

const bodyOf = (method: string, { room, word }: Known): unknown =>
  method === "GET" || method === "DELETE"
    ? undefined
    : {
        conn_id: "attack",
        lists: { all: { ranges: [[0, 99]], timeline_limit: 50, required_state: [["*", "*"]] } },
        room_subscriptions: { [room]: { timeline_limit: 50, required_state: [["*", "*"]] } },
        search_categories: { room_events: { search_term: word, filter: { rooms: [room] } } },
        search_term: word,
        limit: 50,
      };

/**
 * @param each the number of paths for a route that reads rooms or files; others get a quarter.
 * @returns the attempts in a fixed order, with all routes mixed, so that cutting the end off does not drop one route.
 */
export async function attempts(known: Known, userId: string, each: number): Promise<readonly Attempt[]> {
  const [server_name = "", media_id = ""] = known.media.split("/");
  const values = {
    room_id: known.room,
    room_identifier: known.room,
    event_id: known.events[0] ?? "",
    parent_id: known.events[0] ?? "",
    thread_root_id: known.events[0] ?? "",
    user_id: userId,
    server_name,
    media_id,
    event_type: "m.room.topic",
    receipt_type: "m.read",
  };
  const routes = (await synapseRoutes()).filter(({ servlet }) => !NOT_TRIED.has(servlet));
  const ofRoutes = routes.map((route) => {
    const most = mayPassTheGate(route) ? Math.ceil(each / 4) : each;
    const plain = plainPaths(route, values);
    const odd = [...new Set([...lookAlikePaths(route, values), ...oddPaths(route, values)])];
    const asked = queries(known);
    return [
      ...plain.flatMap((path) => asked.map((query) => path + query)),
      ...sample(odd, most).map(
        (path, index) => path + (path.includes("?") ? "" : asked[index % asked.length]),
      ),
    ].map((path): Attempt => {
      const body = bodyOf(route.method, known);
      const base = { method: route.method, path, servlet: servletOf(routes, route, path) };
      return body === undefined ? base : { ...base, body };
    });
  });
  const longest = Math.max(...ofRoutes.map((list) => list.length));
  return Array.from({ length: longest }, (_, index) => ofRoutes.flatMap((list) => list[index] ?? [])).flat();
}

/** The servlet that Synapse would use, if any: one route's odd path may be another route's path. */
function servletOf(routes: readonly Route[], meant: Route, path: string): string {
  const raw = requestPath(path);
  const found = routes.find(({ method, expression }) => method === meant.method && expression.test(raw));
  return found?.servlet ?? `${meant.servlet} (not routed)`;
}

/** Evenly spread, so that every kind of oddness is included. */
function sample<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, index) => list[Math.floor((index * list.length) / most)] as T);
}
