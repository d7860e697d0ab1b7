/** How requests and answers get through: unchanged, and in bounded memory. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect } from "chai";
import type { RoomId } from "../../../../src/policy/model.ts";
import { eventually } from "../../../support/eventually.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse, serve } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";
import { FaultProxy } from "../../../support/homeserver/fault-proxy.ts";

const C = "/_matrix/client";
const MB = 1024 * 1024;

describe("the client API through the gate", function () {
  this.timeout(180_000);
  let house: House;
  let proxy: FaultProxy;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  let room: RoomId;

  before(async () => {
    house = await openHouse({ settings: "max_upload_size: 256M\n" });
    proxy = await FaultProxy.start(house.synapse);
    gate = await putGateBefore(house, { synapseUrl: proxy.url });
    ann = (await house.person("ann")).at(gate.url);
    bob = (await house.person("bob")).at(gate.url);
    room = await house.room([ann, bob]);
  });
  after(async () => {
    await gate?.close();
    await proxy?.stop();
    await house?.stop();
  });

  /** The head of the answer, with the request, so that a test can drop it. */
  function open(who: Caller, method: string, path: string, headers: Record<string, string> = {}) {
    const { hostname, port } = new URL(who.homeserver);
    let sent: ClientRequest | undefined;
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      sent = httpRequest(
        {
          hostname,
          port,
          method,
          path,
          agent: false,
          headers: { authorization: `Bearer ${who.token}`, ...headers },
        },
        resolve,
      );
      sent.once("error", reject);
    });
    return { answer, sent: sent as unknown as ClientRequest };
  }

  /** Resolves when Synapse has received this many more long polls. */
  const polled = (times: number) =>
    proxy.inject({ when: "before", match: { path: `${C}/v3/sync` }, nth: times, act: () => undefined })
      .happened;

  it("lets a long poll wait, and answers it as soon as something arrives", async () => {
    const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    const waiting = polled(1);
    // Longer than the caller waits, so an answer that only comes at the end of the poll is too late.
    const poll = bob.json("GET", `${C}/v3/sync?since=${since}&timeout=600000`);
    await waiting;
    await ann.say(room, "a word in time");
    expect(JSON.stringify(await poll)).to.contain("a word in time");
  });

  it("carries a hundred long polls at a time, and other requests as well", async () => {
    // One person may not have this many.
    const five = [ann, bob];
    while (five.length < 5) five.push((await house.person("carl")).at(gate.url));
    const all = await house.room(five);
    const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    const waiting = polled(100);
    const polls = Array.from({ length: 100 }, (_, index) =>
      five[index % 5]?.json("GET", `${C}/v3/sync?since=${since}&timeout=20000`),
    );
    await waiting;
    const event = await ann.say(all, "to all hundred");
    const read = await bob.request(
      "GET",
      `${C}/v3/rooms/${encodeURIComponent(all)}/event/${encodeURIComponent(event)}`,
    );
    expect(read.text).to.contain("to all hundred");
    for (const poll of await Promise.all(polls)) expect(JSON.stringify(poll)).to.contain("to all hundred");
  });

  it("ends Synapse's work when the client disconnects", async () => {
    // A homeserver that never answers, and notices when no one is waiting for it any more.
    const asked: IncomingMessage[] = [];
    const silent = await serve((request, response) => {
      if (request.url?.includes("/whoami")) response.end(JSON.stringify({ user_id: bob.userId }));
      else asked.push(request);
    });
    const before = await putGateBefore(house, { synapseUrl: silent.url });
    const polls = [`${C}/v3/sync?timeout=60000`, `${C}/v3/publicRooms`, `${C}/v3/notifications`].map(
      (path) => {
        const poll = open(bob.at(before.url), "GET", path);
        poll.answer.catch(() => undefined);
        poll.sent.end();
        return poll;
      },
    );
    await eventually("all to be asked", () => asked.length === polls.length);
    const closed = asked.map((request) => once(request.socket, "close"));
    for (const poll of polls) poll.sent.destroy();
    await Promise.all(closed);
    await before.close();
    await silent.close();
  });

  it("carries a large file both ways", async () => {
    const size = 200 * MB;
    const piece = randomBytes(MB);
    const upload = open(ann, "POST", "/_matrix/media/v3/upload?filename=scan.bin", {
      "content-type": "application/octet-stream",
      "content-length": String(size),
    });
    await pipeline(Readable.from(Array.from({ length: size / MB }, () => piece)), upload.sent);
    const uploaded = await upload.answer;
    const { content_uri: uri } = JSON.parse(await textOf(uploaded)) as { content_uri: string };
    await ann.send(room, "m.room.message", { msgtype: "m.file", body: "scan.bin", url: uri });

    const path = `${C}/v1/media/download/${uri.slice("mxc://".length)}`;
    const download = open(bob, "GET", path);
    download.sent.end();
    const answer = await download.answer;
    expect(answer.statusCode).to.equal(200);
    expect(answer.headers["content-length"]).to.equal(String(size));
    let received = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) received += chunk.length;
    expect(received).to.equal(size);
  });

  it("asks again if a kept-alive connection turns out to be closed", async () => {
    // A homeserver that was restarted: each connection works for one request, and reports too late that it is closed.
    const used = new WeakSet<object>();
    const forgetful = await serve((request, response) => {
      if (used.has(request.socket)) return void request.socket.resetAndDestroy();
      used.add(request.socket);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ user_id: bob.userId, joined_rooms: [], notifications: [] }));
    });
    const before = await putGateBefore(house, { synapseUrl: forgetful.url });
    for (let time = 0; time < 3; time++) {
      const answer = await bob.at(before.url).request("GET", `${C}/v3/notifications`);
      expect(answer.status, answer.text).to.equal(200);
    }
    await before.close();
    await forgetful.close();
  });

  it("reads an answer no faster than the client does", async () => {
    // A homeserver with two hundred megabytes to send, which counts how much has been taken.
    const piece = Buffer.alloc(64 * 1024, "x");
    let taken = 0;
    const talker = await serve((request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      if (request.url?.includes("/whoami")) return void response.end(JSON.stringify({ user_id: bob.userId }));
      const speak = () => {
        while (taken < 200 * MB) {
          taken += piece.length;
          if (!response.write(piece)) return;
        }
        response.end();
      };
      response.on("drain", speak);
      response.write('{"a":"');
      speak();
    });
    const before = await putGateBefore(house, { synapseUrl: talker.url });
    for (const path of [`${C}/v3/sync?since=s1`, `${C}/v3/publicRooms`]) {
      taken = 0;
      const slow = open(bob.at(before.url), "GET", path);
      slow.sent.end();
      const answer = await slow.answer;
      answer.pause();
      await stillStanding(() => taken);
      // The size of the kernel's buffers for two connections.
      expect(taken / MB, path).to.be.below(30);
      slow.sent.destroy();
    }
    await before.close();
    await talker.close();
  });

  it("forwards the client's address, whatever the client claims", async () => {
    const heard: IncomingMessage["headers"][] = [];
    const listener = await serve((request, response) => {
      request.resume();
      if (request.url?.includes("/publicRooms") || request.url?.includes("/joined_members"))
        heard.push(request.headers);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ user_id: bob.userId, joined_rooms: ["!x:localhost"] }));
    });
    const claims: readonly Record<string, string | string[]>[] = [
      { "x-forwarded-for": "10.9.9.9" },
      { "X-FORWARDED-FOR": "10.9.9.9", expect: "100-continue" },
      { "x-forwarded-for": ["10.9.9.9", "10.8.8.8"], Expect: "100-Continue" },
      { "x-real-ip": "10.9.9.9", forwarded: "for=10.9.9.9;proto=https", via: "1.1 10.9.9.9" },
      { "x-forwarded-proto": "https", "x-forwarded-host": "10.9.9.9", "x-forwarded-port": "99" },
      { "true-client-ip": "10.9.9.9", "x-client-ip": "10.9.9.9", connection: "x-forwarded-for" },
    ];
    for (const behindProxy of [false, true]) {
      const before = await putGateBefore(house, { synapseUrl: listener.url, behindProxy });
      for (const claim of claims) {
        for (const [method, path] of [
          ["POST", `${C}/v3/publicRooms`],
          ["GET", `${C}/v3/rooms/!x:localhost/joined_members`],
        ] as const) {
          heard.length = 0;
          const headers = { ...claim, ...(method === "POST" ? { "content-length": "2" } : {}) };
          const asked = open(bob.at(before.url), method, path, headers as Record<string, string>);
          asked.sent.end(method === "POST" ? "{}" : undefined);
          const answer = await asked.answer;
          expect(answer.statusCode).to.equal(200);
          answer.resume();
          const said = Object.entries(heard[0] ?? {}).filter(([name]) =>
            /forward|-ip$|^via$|^expect$/.test(name),
          );
          const [told] = behindProxy
            ? [claim["x-forwarded-for"] ?? claim["X-FORWARDED-FOR"]].flat().slice(-1)
            : [];
          expect(Object.fromEntries(said), `${method} ${JSON.stringify(claim)}`).to.deep.equal({
            "x-forwarded-for": told ?? "127.0.0.1",
            "x-forwarded-proto": behindProxy ? (claim["x-forwarded-proto"] ?? "http") : "http",
          });
        }
      }
      await before.close();
    }
    await listener.close();
    // And Synapse does not have to guess.
    await bob.json("GET", `${C}/v3/joined_rooms`);
    await bob.json("GET", `${C}/v3/sync?timeout=0`);
    expect(house.synapseLog()).to.not.contain("x-forwarded-proto");
  });

  it("does not support the old way to wait for events, which checks membership before it waits", async () => {
    const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    for (const path of [`${C}/v3/events?timeout=1`, `${C}/api/v1/events?from=${since}&room_id=${room}`]) {
      const answer = await bob.request("GET", path);
      expect(answer.status, path).to.equal(404);
      expect(JSON.parse(answer.text).errcode, path).to.equal("M_UNRECOGNIZED");
    }
  });

  it("writes neither tokens nor names to the log", () => {
    const text = JSON.stringify(gate.logged);
    for (const secret of [bob.token, ann.token, bob.userId, room]) expect(text).to.not.contain(secret);
  });
});

async function textOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of message) text += String(chunk);
  return text;
}

/** Resolves when a count has been the same for ten looks. No event says that nothing more is taken. */
async function stillStanding(count: () => number): Promise<void> {
  let last = -1;
  let same = 0;
  await eventually("the count to stand still", () => {
    same = count() === last ? same + 1 : 0;
    last = count();
    return same === 10;
  });
}
