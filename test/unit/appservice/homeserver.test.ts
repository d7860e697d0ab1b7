import { expect } from "chai";
import { path, patternOf } from "../../../src/appservice/homeserver.ts";

describe("paths of the homeserver", () => {
  it("have their parts percent-encoded", () => {
    expect(path`/rooms/${"!a/b:c"}/send/${"m.room.message"}/${"x?y#z"}`).to.equal(
      "/rooms/!a%2Fb%3Ac/send/m.room.message/x%3Fy%23z",
    );
  });

  const PATTERNS: Readonly<Record<string, string>> = {
    "/_matrix/client/v3/rooms/!abc%3Alocalhost/state": "/_matrix/client/v3/rooms/:id/state",
    "/_matrix/client/v3/rooms/!abc%3Alocalhost/send/m.room.message/k3Jd":
      "/_matrix/client/v3/rooms/:id/send/m.room.message",
    "/_matrix/client/v3/rooms/!abc/redact/%24event/txn": "/_matrix/client/v3/rooms/:id/redact/:id",
    "/_synapse/admin/v2/users/%40ht_mia%3Alocalhost": "/_synapse/admin/v2/users/:id",
    "/_matrix/client/v3/user/@ht_mia:localhost/account_data/m.direct":
      "/_matrix/client/v3/user/:id/account_data/m.direct",
    "/_matrix/client/v3/createRoom": "/_matrix/client/v3/createRoom",
  };
  for (const [given, expected] of Object.entries(PATTERNS)) {
    it(`are shown without ids: ${expected}`, () => {
      expect(patternOf(given)).to.equal(expected);
    });
  }
});
