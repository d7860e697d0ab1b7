/** The gate's list of paths, compared with the installed Synapse's routes. */
import { expect } from "chai";
import type { GatedKind } from "../../../../src/appservice/gate/passage/gated-paths.ts";
import { decoded, requestPath, sortRequest } from "../../../../src/appservice/gate/passage/request-path.ts";
import {
  lookAlikePaths,
  oddPaths,
  plainPaths,
  type Route,
  synapseRoutes,
} from "../../../support/homeserver/synapse-routes.ts";
import { mayPassTheGate } from "../../../support/homeserver/ungated-servlets.ts";

const ROOM = "!abc:example.org";
const VALUES = {
  room_id: ROOM,
  room_identifier: ROOM,
  event_id: "$0123456789-_abc",
  server_name: "example.org",
  media_id: "abcDEF",
};

/** How the gate must treat each of Synapse's servlets that it does not pass through. */
const KINDS: Readonly<Record<string, GatedKind>> = {
  RoomEventServlet: "event",
  RoomEventContextServlet: "event",
  EventRestServlet: "bare-event",
  EventStreamRestServlet: "event-stream",
  InitialSyncRestServlet: "initial-sync",
  NotificationsServlet: "notifications",
  SyncRestServlet: "sync",
  SlidingSyncRestServlet: "sliding-sync",
  SendToDeviceRestServlet: "to-device",
  ReceiptRestServlet: "receipt",
  ReadMarkerRestServlet: "receipt",
  PushersSetRestServlet: "pusher",
  RoomCreateRestServlet: "create-room",
  RoomUpgradeRestServlet: "upgrade",
  JoinRoomAliasServlet: "own-membership",
  KnockRoomAliasServlet: "own-membership",
  ThreepidBindRestServlet: "identity-server",
  ThreepidUnbindRestServlet: "identity-server",
  DownloadResource: "media",
  ThumbnailResource: "media",
};
const kindOf = ({ servlet, pattern }: Route, match: RegExpExecArray): GatedKind => {
  if (pattern.includes("/_matrix/media/")) return "legacy-media";
  const action = match.groups?.membership_action;
  if (action !== undefined)
    return action === "join" || action === "leave" ? "own-membership" : "membership-of-other";
  return KINDS[servlet] ?? "room";
};

describe("the read gate and Synapse's own routes", function () {
  this.timeout(120_000);
  let routes: readonly Route[];
  before(async () => {
    routes = await synapseRoutes();
  });

  it("knows every route, and gates everything that is not known to be harmless", () => {
    expect(routes.length).to.be.above(200);
    for (const route of routes) {
      for (const path of plainPaths(route, VALUES)) {
        expect(route.expression.test(path), path).to.equal(true);
        const { outcome } = sortRequest(route.method, path);
        expect(outcome, `${route.method} ${path}: ${route.servlet}`).to.be.oneOf(
          mayPassTheGate(route) ? ["pass", "gated"] : ["gated"],
        );
      }
    }
  });

  it("never lets a request pass that Synapse would route to a gated servlet", () => {
    const reading = routes.filter((route) => !mayPassTheGate(route));
    let served = 0;
    for (const path of new Set(
      routes.flatMap((route) => [...oddPaths(route, VALUES), ...lookAlikePaths(route, VALUES)]),
    )) {
      const raw = requestPath(path);
      for (const route of reading) {
        const { method, servlet, expression } = route;
        const match = expression.exec(raw);
        if (match === null) continue;
        served++;
        const sorted = sortRequest(method, path);
        expect(sorted.outcome, `${method} ${path}: ${servlet}`).to.be.oneOf(["gated", "refuse"]);
        if (sorted.outcome !== "gated") continue;
        expect(sorted.gated.kind, `${method} ${path}: ${servlet}`).to.equal(kindOf(route, match));
        if (route.pattern.includes("media_id") && kindOf(route, match) === "media")
          expect(sorted.gated.caught).to.deep.equal([match.groups?.server_name, match.groups?.media_id]);
        // The gate asks about the same room that Synapse reads.
        const room = match.groups?.room_id ?? match.groups?.room_identifier;
        if (room === undefined) continue;
        expect(decoded(sorted.gated.caught[0] ?? ""), `${method} ${path}: ${servlet}`).to.equal(
          decoded(room),
        );
      }
    }
    expect(served).to.be.above(5_000);
  });

  it("recognises every membership that Synapse would accept as state, however it is encoded", () => {
    const memberships = routes.filter(
      ({ method, servlet }) => method === "PUT" && servlet === "RoomStateEventRestServlet",
    );
    let served = 0;
    for (const route of memberships) {
      for (const event_type of ["m.room.member", "m%2Eroom.member", "m.room%2emember", "%6d.room.member"]) {
        for (const path of oddPaths(route, { ...VALUES, event_type, state_key: "@ann:example.org" })) {
          const type = route.expression.exec(requestPath(path))?.groups?.event_type;
          if (type === undefined || decoded(type) !== "m.room.member") continue;
          served++;
          const sorted = sortRequest("PUT", path);
          expect(sorted.outcome, path).to.be.oneOf(["gated", "refuse"]);
          if (sorted.outcome === "gated") expect(sorted.gated.kind, path).to.equal("membership-as-state");
        }
      }
    }
    expect(served).to.be.above(100);
  });

  for (const [kind, type, spellings] of [
    [
      "ignored-users",
      "m.ignored_user_list",
      ["m.ignored_user_list", "m%2eignored_user_list", "m.ignored%5Fuser%5flist"],
    ],
    ["direct-chats", "m.direct", ["m.direct", "m%2Edirect", "%6d.direct"]],
  ] as const)
    it(`recognises every ${type} that Synapse would accept, however its name is encoded`, () => {
      const accountData = routes.filter(
        ({ method, servlet }) => method === "PUT" && /AccountDataServlet$/.test(servlet),
      );
      let served = 0;
      for (const route of accountData) {
        for (const account_data_type of spellings) {
          for (const path of oddPaths(route, { ...VALUES, account_data_type, user_id: "@ann:example.org" })) {
            const groups = route.expression.exec(requestPath(path))?.groups;
            if (groups === undefined || groups.room_id !== undefined) continue;
            if (decoded(groups.account_data_type ?? "") !== type) continue;
            served++;
            const sorted = sortRequest("PUT", path);
            expect(sorted.outcome, path).to.be.oneOf(["gated", "refuse"]);
            if (sorted.outcome === "gated") expect(sorted.gated.kind, path).to.equal(kind);
          }
        }
      }
      expect(served).to.be.above(100);
    });

  it("recognises every mark of a room as unread that Synapse would accept, under both its names", () => {
    const lists = routes.filter(
      ({ method, servlet }) => method === "PUT" && /AccountDataServlet$/.test(servlet),
    );
    const served = new Set<string>();
    for (const route of lists) {
      for (const account_data_type of [
        "m.marked_unread",
        "m%2Emarked_unread",
        "com.famedly.marked_unread",
        "com.famedly.marked%5funread",
      ]) {
        for (const path of oddPaths(route, { ...VALUES, account_data_type, user_id: "@ann:example.org" })) {
          const groups = route.expression.exec(requestPath(path))?.groups;
          const type = decoded(groups?.account_data_type ?? "");
          if (groups?.room_id === undefined || !/^(?:m|com[.]famedly)[.]marked_unread$/.test(String(type)))
            continue;
          served.add(String(type));
          const sorted = sortRequest("PUT", path);
          expect(sorted.outcome, path).to.be.oneOf(["gated", "refuse"]);
          if (sorted.outcome !== "gated") continue;
          expect(sorted.gated.kind, path).to.equal("marked-unread");
          expect(decoded(sorted.gated.caught[0] ?? ""), path).to.equal(decoded(groups.room_id));
        }
      }
    }
    expect([...served].sort()).to.deep.equal(["com.famedly.marked_unread", "m.marked_unread"]);
  });
});
