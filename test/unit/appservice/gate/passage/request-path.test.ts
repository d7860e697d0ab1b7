import { expect } from "chai";
import fc from "fast-check";
import { sortRequest } from "../../../../../src/appservice/gate/passage/request-path.ts";

const ROOM = "!abc:example.org";
const EVENT = "$0123456789-_abc";
const R = encodeURIComponent(ROOM);
const E = encodeURIComponent(EVENT);

/** The result in one word: the kind of a gated request, or another outcome. */
function sorted(target: string, method = "GET"): string {
  const result = sortRequest(method, target);
  return result.outcome === "gated" ? result.gated.kind : result.outcome;
}

const EXPECTED: readonly (readonly [target: string, kind: string])[] = [
  // As clients write them.
  [`/_matrix/client/v3/rooms/${R}/event/${E}`, "event"],
  [`/_matrix/client/v3/rooms/${ROOM}/event/${EVENT}`, "event"],
  [`/_matrix/client/r0/rooms/${R}/event/${E}?access_token=x`, "event"],
  [`/_matrix/client/api/v1/rooms/${R}/context/${E}?limit=1`, "event"],
  [`/_matrix/client/unstable/rooms/${R}/context/${E}`, "event"],
  [`/_matrix/client/unstable/org.matrix.msc9999/rooms/${R}/event/${E}`, "event"],
  [`/_matrix/client/v99/rooms/${R}/something/new`, "room"],
  [`/_matrix/client/v3/rooms/${R}/messages?dir=b`, "room"],
  [`/_matrix/client/v3/rooms/${R}/state/m.room.topic/`, "room"],
  [`/_matrix/client/v3/rooms/${R}/state/x/a%2Fb`, "room"],
  [`/_matrix/client/v1/room_summary/${R}`, "room"],
  ["/_matrix/client/unstable/im.nheko.summary/summary/%21x%3Ay", "room"],
  [`/_matrix/client/v3/events/${E}`, "bare-event"],
  [`/_matrix/client/api/v1/events/${E}`, "bare-event"],
  ["/_matrix/client/v3/events?from=s1&timeout=1", "event-stream"],
  ["/_matrix/client/api/v1/events", "event-stream"],
  ["/_matrix/client/v3/notifications", "notifications"],
  ["/_matrix/client/v3/notifications/", "notifications"],
  ["/_matrix/client/api/v1/initialSync", "initial-sync"],
  ["/_matrix/client/r0/sync?since=s1", "sync"],
  // A dot in Synapse's route patterns also matches a slash.
  [`/_matrix/client/unstable/im/nheko/summary/rooms/${R}/summary`, "room"],
  [`/_matrix/client/unstable/im/nheko/summary/summary/${R}`, "room"],
  [`/_matrix/client/unstable/io/element/msc4306/rooms/${R}/thread/${E}/subscription`, "room"],
  ["/_matrix/client/v1/media/download/example.org/abc", "media"],
  ["/_matrix/client/v1/media/download/example.org/abc/R%26D%2F1.pdf", "media"],
  ["/_matrix/client/unstable/org.matrix.msc3916/media/thumbnail/example.org/abc?width=1", "media"],
  ["/_matrix/media/r0/download/example.org/abc", "legacy-media"],
  ["/_matrix/media/v3/thumbnail/example.org/abc", "legacy-media"],
  // Nothing to read here.
  ["/_matrix/client/versions", "pass"],
  ["/_matrix/client/v3/login", "pass"],
  ["/_matrix/client/v3/joined_rooms", "pass"],
  ["/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled", "pass"],
  [`/_matrix/client/v3/user/%40a%3Ab/rooms/${R}/tags`, "pass"],
  ["/_matrix/media/v3/config", "pass"],
  ["/_matrix/client/v1/media/config", "pass"],
  ["/_matrix/app/v1/transactions/1", "pass"],
  ["/api/v1/users/m%C3%BCller", "pass"],
  ["/api/v1/users/a//b/../c?x=/_matrix/", "pass"],
  // No well-meaning client writes these.
  [`//_matrix/client/v3/rooms/${R}/event/${E}`, "refuse"],
  [`/_matrix//client/v3/rooms/${R}/event/${E}`, "refuse"],
  [`/_matrix/client/v3//rooms/${R}/event/${E}`, "refuse"],
  [`/_matrix/client/v3/./rooms/${R}/event/${E}`, "event"],
  [`/_matrix/client/v3/x/../rooms/${R}/event/${E}`, "event"],
  [`/x/../_matrix/client/v3/rooms/${R}/event/${E}`, "refuse"],
  [`/%5fmatrix/client/v3/rooms/${R}/event/${E}`, "refuse"],
  [`/_matrix%2Fclient/v3/rooms/${R}/event/${E}`, "refuse"],
  [`/_matrix/client/%76%33/rooms/${R}/event/${E}`, "event"],
  [`/_matrix/client/v3/%72ooms/${R}/event/${E}`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/%65vent/${E}`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/%2565vent/${E}`, "room"],
  [`/_matrix/client/v3/rooms/${R}/event%2F${E}`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/..%2Fevent/${E}`, "room"],
  [`/_matrix/client/v3/rooms/${R}//event/${E}`, "refuse"],
  [`/_matrix/client/v3/rooms%2F${R}/event/${E}`, "refuse"],
  [`/_matrix/client/v3\\rooms/${R}/event/${E}`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/event/${E}%00`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/event/${E}%0A`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/event/%FF`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/event/${E}%`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/event/${E}#x`, "refuse"],
  [`/_matrix/client/v3/rooms/${R}/event/é`, "refuse"],
  [`http://example.org/_matrix/client/v3/rooms/${R}/event/${E}`, "refuse"],
  [`/_matrix/client/v3/s%79nc`, "refuse"],
  [`/_matrix/client/v3/notification%73`, "refuse"],
  [`/_matrix/client/v3/%65vents/${E}`, "refuse"],
  [`/_matrix/client/v1/media/downloa%64/example.org/abc`, "refuse"],
];

describe("gate: what a request is for", () => {
  for (const [target, kind] of EXPECTED) {
    it(`${JSON.stringify(target)} is ${kind}`, () => expect(sorted(target)).to.equal(kind));
  }

  it("treats HEAD like GET, as Synapse does", () => {
    expect(sorted(`/_matrix/client/v3/rooms/${R}/event/${E}`, "HEAD")).to.equal("event");
  });

  it("lets writes and preflights pass", () => {
    for (const method of ["PUT", "POST", "DELETE", "OPTIONS"]) {
      expect(sorted(`/_matrix/client/v3/rooms/${R}/send/m.room.message/1`, method), method).to.equal("pass");
    }
  });

  it("gates sliding sync, which is a POST", () => {
    for (const prefix of ["org.matrix.", "org/matrix.", "org.matrix/", "org/matrix/"]) {
      const target = `/_matrix/client/unstable/${prefix}simplified_msc3575/sync?pos=1`;
      expect(sorted(target, "POST"), target).to.equal("sliding-sync");
    }
  });

  it("gates messages to devices, which are a PUT", () => {
    const target = "/_matrix/client/v3/sendToDevice/m.key.verification.request/1";
    expect(sorted(target, "PUT")).to.equal("to-device");
    expect(sorted("/_matrix/client/v3/s%65ndToDevice/x/1", "PUT")).to.equal("refuse");
  });

  it("does not confuse names in a path with endpoints", () => {
    expect(sorted(`/_matrix/client/v3/rooms/${R}/send/sendToDevice/1`, "PUT")).to.equal("pass");
    expect(sorted(`/_matrix/client/v3/rooms/${R}/send/sync`, "POST")).to.equal("pass");
    expect(sorted(`/_matrix/client/v3/user/%40a%3Ab/account_data/sync`)).to.equal("pass");
    const answer = sortRequest("GET", `/_matrix/client/v3/rooms/${R}/state/rooms/${E}`);
    expect(answer).to.deep.equal({ outcome: "gated", gated: { kind: "room", caught: [R] } });
  });

  it("never lets a request pass that Synapse would route to a gated endpoint", () => {
    // Synapse's own expression for these endpoints (rest/client/room.py), matched on the raw path, as Synapse does.
    const routed = /^\/_matrix\/client\/(api\/v1|r0|v3|unstable)\/rooms\/[^/]*\/(event|context)\/[^/]*$/;
    const piece = fc.constantFrom(
      "/",
      "//",
      "%2F",
      "%2f",
      "..",
      ".",
      "%2e",
      "rooms",
      "%72ooms",
      "event",
      "even%74",
      R,
      E,
      "v3",
      "r0",
      "x",
      "\\",
      "%00",
      "%25",
      ";",
      "@",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(piece, { maxLength: 4 }), (before, after) => {
        const target = `/_matrix/client/${before.join("/")}/rooms/${R}/event/${after.join("")}`;
        const raw = target.split("?")[0] ?? "";
        if (routed.test(raw)) expect(sorted(target)).to.be.oneOf(["event", "refuse"]);
        else expect(sorted(target)).to.be.a("string");
      }),
    );
  });
});
