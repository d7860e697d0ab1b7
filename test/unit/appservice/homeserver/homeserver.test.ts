import { expect } from "chai";
import {
  HomeserverAway,
  MatrixRefused,
  path,
  patternOf,
} from "../../../../src/appservice/homeserver/homeserver.ts";

describe("paths of the homeserver", () => {
  it("have percent-encoded segments", () => {
    expect(path`/rooms/${"!a/b:c"}/send/${"m.room.message"}/${"x?y#z"}`).to.equal(
      "/rooms/!a%2Fb%3Ac/send/m.room.message/x%3Fy%23z",
    );
  });

  const media = (server: string, id: string) => path`/_synapse/admin/v1/media/${server}/${id}`;
  const member = (room: string, user: string) => path`/v3/rooms/${room}/state/m.room.member/${user}`;

  it("are shown as templates, whatever was inserted", () => {
    for (const part of ["", "localhost", "a/b", "/media/x", "..", "%", "$&", "\n", "Müller"]) {
      expect(patternOf(media(part, part))).to.equal("/_synapse/admin/v1/media/:id/:id");
      expect(patternOf(member(part, part))).to.equal("/v3/rooms/:id/state/m.room.member/:id");
    }
    expect(patternOf(path`/_matrix/client/v3/createRoom`)).to.equal("/_matrix/client/v3/createRoom");
  });

  it("are not shown at all if they come from no template", () => {
    expect(patternOf("/_synapse/admin/v1/media/localhost/abc/def")).to.equal("other");
    expect(patternOf("/_synapse/admin/v1/mediaX/localhost")).to.equal("other");
  });
});

describe("errors from the homeserver", () => {
  const call = { method: "PUT", path: path`/v3/rooms/${"!secret:localhost"}/invite` } as const;

  it("say what was called and how it ended, without ids or texts", () => {
    const refused = new MatrixRefused(call, 403, "M_FORBIDDEN", "Priya Nair (@ht_priya:x) does not receive");
    expect(refused.message).to.equal("PUT /v3/rooms/:id/invite was refused: 403 M_FORBIDDEN");
    expect(refused.sentence).to.contain("Priya Nair");
    const away = new HomeserverAway(call, new Error("x"), "away");
    expect(away.message).to.not.contain("secret");
  });
});
