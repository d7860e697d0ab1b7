/** Requests made so that the gate and Synapse read them differently. None of them may serve anything. */
import { connect } from "node:net";
import { expect } from "chai";
import type { EventId, RoomId } from "../../../../src/policy/model.ts";
import type { Caller, RequestOptions } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

describe("the read gate and malformed requests", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let bob: Caller;
  let ann: Caller;
  let room: RoomId;
  let own: RoomId;
  let event: EventId;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house);
    ann = await house.person("ann");
    const person = await house.person("bob");
    room = await house.room([ann, person]);
    own = await house.room([person]);
    event = await ann.say(room, "ROSTER one");
    await house.remove(room, person);
    bob = person.at(gate.url);
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  const C = "/_matrix/client";
  const paths = (): readonly string[] => {
    const [R, E, O] = [room, event, own].map(encodeURIComponent);
    const hex = (text: string) =>
      [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    return [
      `${C}/v3/rooms/${room}/event/${event}`,
      `${C}/v3/rooms/${hex(room)}/event/${hex(event)}`,
      `${C}/v3/rooms/${R}/event/${E}/`,
      `${C}/v3/rooms/${R}/event/${E}?`,
      `${C}/v3/rooms/${R}/event/${E};x=1`,
      `${C}/v3/rooms/${R}/event/${E}%0A`,
      `${C}/v3/rooms/${R}/event/${E}%00`,
      `${C}/v3/rooms/${R}/event/${E}%20`,
      `${C}/v3/rooms/${R}/event/${E}#`,
      `${C}/v3/rooms/${R}/%65vent/${E}`,
      `${C}/v3/rooms/${R}/%2565vent/${E}`,
      `${C}/v3/%72ooms/${R}/event/${E}`,
      `${C}/%763/rooms/${R}/event/${E}`,
      `/_matrix/%63lient/v3/rooms/${R}/event/${E}`,
      `/%5Fmatrix/client/v3/rooms/${R}/event/${E}`,
      `/_matrix%2Fclient%2Fv3%2Frooms%2F${R}%2Fevent%2F${E}`,
      `//_matrix/client/v3/rooms/${R}/event/${E}`,
      `/_matrix//client/v3/rooms/${R}/event/${E}`,
      `${C}//v3/rooms/${R}/event/${E}`,
      `${C}/v3//rooms/${R}/event/${E}`,
      `${C}/v3/rooms//${R}/event/${E}`,
      `${C}/v3/rooms/${R}//event/${E}`,
      `${C}/v3/rooms/${R}/event//${E}`,
      `${C}/v3/./rooms/${R}/event/${E}`,
      `${C}/v3/x/../rooms/${R}/event/${E}`,
      `${C}/v3/rooms/${O}/../${R}/event/${E}`,
      `${C}/v3/rooms/${O}%2F..%2F${R}/event/${E}`,
      `${C}/v3/rooms/${R}%2Fevent%2F${E}`,
      `${C}/v3/rooms/${R}/x/%2e%2e/event/${E}`,
      `${C}/v3\\rooms\\${R}\\event\\${E}`,
      `${C}/V3/rooms/${R}/event/${E}`,
      `${C}/v3/Rooms/${R}/event/${E}`,
      `${C}/v3/rooms/${R}/Event/${E}`,
      `${C}/v3/rooms/${O}/event/${E}`,
      `${C}/v3/rooms/${O}/context/${E}`,
      `${C}/v3/rooms/${room.toLowerCase()}/event/${E}`,
      `${C}/v3/rooms/${encodeURIComponent(R ?? "")}/event/${E}`,
      `${C}/v3/events/${E}`,
      `${C}/v3/events/${hex(event)}`,
      `${C}/v3/%65vents/${E}`,
      `${C}/v3/events//${E}`,
      `${C}/v3/ev%65nts%2F${E}`,
      `${C}/api/v1/events/${E}`,
      `${C}/api//v1/events/${E}`,
      `${C}/v3/notification%73`,
      `${C}/v3/s%79nc?since=s1_1_0_1_1_1_1_1_0_1_1_1_1_1`,
      `${C}/v3/sync/?since=s1_1_0_1_1_1_1_1_0_1_1_1_1_1`,
      `${C}/v3/sync;?since=s1_1_0_1_1_1_1_1_0_1_1_1_1_1`,
      `/_synapse/admin/v1/rooms/${R}/messages`,
      `/_matrix/client/../../_synapse/admin/v1/rooms/${R}/messages`,
      `/_matrix/federation/v1/event/${E}`,
      `/_matrix/key/v2/server`,
      `http://${new URL(gate.url).host}${C}/v3/rooms/${R}/event/${E}`,
    ];
  };

  it("serves nothing however the path is written", async () => {
    const notServed: string[] = [];
    for (const path of paths()) {
      const answer = await bob.request("GET", path);
      expect(answer.text, path).to.not.contain("ROSTER");
      if (!path.includes("/sync")) expect(answer.status, `${path}: ${answer.text}`).to.be.within(400, 404);
      if (answer.status !== 200) notServed.push(JSON.parse(answer.text).errcode);
    }
    expect(notServed).to.include.members(["M_FORBIDDEN", "M_UNRECOGNIZED"]);
  });

  it("serves nothing however a sliding sync is written, from the beginning of time", async () => {
    const sliding = `${C}/unstable/org.matrix.simplified_msc3575/sync`;
    const ways = [
      sliding,
      sliding.replace("org.matrix.", "org/matrix."),
      sliding.replace("org.matrix.", "org.matrix/"),
      sliding.replace("org.matrix.", "org/matrix/"),
      sliding.replace("org.matrix.", "org;matrix;"),
      sliding.replace("org.matrix.", "org%2Fmatrix%2F"),
      sliding.replace("org.matrix.", "org//matrix/"),
      sliding.replace("org.matrix.", "org/./matrix/"),
      sliding.replace("org.matrix.", "org/x/../matrix/"),
      sliding.replace("sync", "s%79nc"),
      `${sliding}/`,
      `${sliding}%20`,
    ];
    const body = {
      conn_id: "odd",
      lists: { all: { ranges: [[0, 50]], timeline_limit: 50, required_state: [["*", "*"]] } },
      room_subscriptions: { [room]: { timeline_limit: 50, required_state: [["*", "*"]] } },
    };
    const servedBySynapse: string[] = [];
    for (const way of ways) {
      const path = `${way}?pos=${encodeURIComponent("0/s1_1_0_1_1_1_1_1_0_1_1_1_1_1")}`;
      const direct = await bob.at(house.synapse).request("POST", path, { body });
      if (direct.text.includes("ROSTER")) servedBySynapse.push(way);
      const answer = await bob.request("POST", path, { body });
      expect(answer.text, path).to.not.contain("ROSTER");
      expect(answer.status, `${path}: ${answer.text}`).to.be.below(500);
    }
    expect(servedBySynapse).to.include(sliding.replace("org.matrix.", "org/matrix/"));
  });

  it("serves nothing with any method or header", async () => {
    const path = `${C}/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)}`;
    const tries: readonly (readonly [string, RequestOptions])[] = [
      ["HEAD", {}],
      ["OPTIONS", {}],
      ["POST", { body: {} }],
      ["PUT", { body: {} }],
      ["DELETE", {}],
      ["POST", { body: {}, headers: { "x-http-method-override": "GET" } }],
      [
        "GET",
        {
          headers: {
            "x-original-url": "/_matrix/client/versions",
            "x-rewrite-url": "/_matrix/client/versions",
          },
        },
      ],
      [
        "GET",
        {
          headers: {
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-host": "other",
            forwarded: "for=127.0.0.1",
          },
        },
      ],
      ["GET", { headers: { connection: "authorization" } }],
      ["GET", { headers: { "accept-encoding": "gzip, br" } }],
      ["GET", { headers: { range: "bytes=0-10" } }],
    ];
    for (const [method, options] of tries) {
      const answer = await bob.request(method, path, options);
      expect(answer.text, `${method} ${JSON.stringify(options)}`).to.not.contain("ROSTER");
      if (method !== "OPTIONS") expect(answer.status, method).to.be.within(400, 405);
    }
  });

  it("reads the token from wherever Synapse reads it, and nowhere else", async () => {
    const path = `${C}/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)}`;
    const inQuery = (query: string) => ({ path: `${path}?${query}`, options: { withoutToken: true } });
    const [mine, hers] = [encodeURIComponent(bob.token), encodeURIComponent(ann.token)];
    for (const { path: asked, options } of [
      inQuery(`access_token=${mine}`),
      inQuery(`x=1;access_token=${mine}`),
      inQuery(`%61ccess_token=${mine}`),
      inQuery(`access_token=${mine}&access_token=nobody`),
      inQuery("access_token=nobody"),
      inQuery(""),
      { path, options: { headers: { authorization: `bearer ${bob.token}` } } },
      { path, options: { headers: { authorization: `Bearer  ${bob.token}` } } },
      { path: `${path}?access_token=${hers}x`, options: { withoutToken: true } },
      { path: `${path}?user_id=${encodeURIComponent(ann.userId)}`, options: {} },
      { path: `${path}?access_token=${mine}`, options: {} },
    ]) {
      const answer = await bob.request("GET", asked, options);
      expect(answer.text, asked).to.not.contain("ROSTER");
      expect(answer.status, asked).to.be.within(400, 403);
    }
    const member = ann.at(gate.url);
    expect(
      (await member.request("GET", `${path}?access_token=${hers}`, { withoutToken: true })).text,
    ).to.contain("ROSTER");
    expect(
      (await member.request("GET", `${path}?a=b;access_token=${hers}`, { withoutToken: true })).text,
    ).to.contain("ROSTER");
  });

  it("passes on Synapse's refusal of a token", async () => {
    const at = `${C}/v3/rooms/${encodeURIComponent(room)}`;
    for (const path of [
      `${at}/messages`,
      `${at}/event/x`,
      `${C}/v3/notifications`,
      `${C}/v3/sync`,
      `${C}/v1/media/download/localhost/x`,
    ]) {
      const answer = await bob.request("GET", path, {
        withoutToken: true,
        headers: { authorization: "Bearer nobody" },
      });
      expect(answer.status, path).to.equal(401);
      expect(JSON.parse(answer.text).errcode, path).to.equal("M_UNKNOWN_TOKEN");
      expect(answer.headers["access-control-allow-origin"], path).to.equal("*");
    }
  });

  it("refuses with the headers that browsers need to show the answer", async () => {
    const path = `${C}/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)}`;
    const refused = await bob.request("GET", path, { headers: { origin: "https://client.example.org" } });
    expect(refused.status).to.equal(403);
    expect(JSON.parse(refused.text)).to.deep.equal({
      errcode: "M_FORBIDDEN",
      error: "You are not in this conversation.",
    });
    const served = await bob.request("GET", `${C}/versions`, {
      headers: { origin: "https://client.example.org" },
    });
    for (const name of [
      "access-control-allow-origin",
      "access-control-allow-methods",
      "access-control-allow-headers",
    ]) {
      expect(refused.headers[name], name).to.equal(served.headers[name]);
    }
    const preflight = await bob.request("OPTIONS", path, {
      withoutToken: true,
      headers: { origin: "https://client.example.org", "access-control-request-method": "GET" },
    });
    expect(preflight.status).to.be.oneOf([200, 204]);
    expect(preflight.headers["access-control-allow-origin"]).to.equal("*");
  });

  it("does not let a second request be smuggled with the first", async () => {
    const { hostname, port } = new URL(gate.url);
    // Answered last on the same connection, and closes it.
    const last = `GET ${C}/versions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const hidden = `GET ${C}/v3/rooms/${encodeURIComponent(room)}/event/${encodeURIComponent(event)} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${bob.token}\r\n\r\n`;
    for (const framing of [
      `Content-Length: ${hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
    ]) {
      const text = await new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(`GET ${C}/versions HTTP/1.1\r\nHost: x\r\n${framing}${last}`);
        });
        let all = "";
        socket.on("data", (chunk) => {
          all += chunk.toString();
        });
        socket.once("error", reject);
        socket.once("close", () => resolve(all));
      });
      expect(text, framing).to.not.contain("ROSTER");
    }
  });
});
