/** How requests and answers get through: as they come, in bounded memory, and with a plain word when Synapse is down. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect } from "chai";
import type { RoomId } from "../../../../src/policy/model.ts";
import { FaultProxy } from "../../../support/homeserver/fault-proxy.ts";
import type { Caller } from "./caller.ts";
import { type House, openHouse, serve } from "./house.ts";
import { type Gated, putGateBefore } from "./with-gate.ts";

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

  /** The head of the answer, with the request, so that a test can let go of it. */
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

  it("lets a long poll wait, and answers it at once when something comes", async () => {
    const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    const poll = bob.json("GET", `${C}/v3/sync?since=${since}&timeout=30000`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const said = performance.now();
    await ann.say(room, "a word in time");
    expect(JSON.stringify(await poll)).to.contain("a word in time");
    expect(performance.now() - said).to.be.below(5_000);
  });

  it("carries a hundred long polls at a time, and questions beside them", async () => {
    // One person alone may not have so many.
    const five = [ann, bob];
    while (five.length < 5) five.push((await house.person("carl")).at(gate.url));
    const all = await house.room(five);
    const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    const polls = Array.from({ length: 100 }, (_, index) =>
      five[index % 5]?.json("GET", `${C}/v3/sync?since=${since}&timeout=20000`),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    const event = await ann.say(all, "to all hundred");
    const read = await bob.request(
      "GET",
      `${C}/v3/rooms/${encodeURIComponent(all)}/event/${encodeURIComponent(event)}`,
    );
    expect(read.text).to.contain("to all hundred");
    for (const poll of await Promise.all(polls)) expect(JSON.stringify(poll)).to.contain("to all hundred");
  });

  it("ends Synapse's work when the client is gone", async () => {
    // A homeserver that never answers, and sees when nobody waits for it any more.
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
    await until(async () => asked.length === polls.length);
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

  it("asks again when a kept connection turns out to be closed", async () => {
    // A homeserver that was restarted: every connection is good for one request, and says so too late.
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

  it("takes no more of an answer than the client takes", async () => {
    // A homeserver with two hundred megabytes to say, that counts what is taken off its hands.
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
      let last = -1;
      await until(async () => {
        const still = taken === last;
        last = taken;
        return still;
      }, 250);
      // What the kernel's buffers of two connections hold.
      expect(taken / MB, path).to.be.below(30);
      slow.sent.destroy();
    }
    await before.close();
    await talker.close();
  });

  it("says who the client is, whatever the client says and however it says it", async () => {
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
    // And Synapse need not guess.
    await bob.json("GET", `${C}/v3/joined_rooms`);
    await bob.json("GET", `${C}/v3/sync?timeout=0`);
    expect(house.synapseLog()).to.not.contain("x-forwarded-proto");
  });

  it("hands on as a sync only what begins as one", async () => {
    let answer: { type: string; body: string; status?: number } = { type: "", body: "" };
    const confused = await serve((request, response) => {
      if (request.url?.includes("/whoami")) {
        response.setHeader("content-type", "application/json");
        return void response.end(JSON.stringify({ user_id: bob.userId }));
      }
      response.writeHead(answer.status ?? 200, { "content-type": answer.type });
      response.end(answer.body);
    });
    const before = await putGateBefore(house, { synapseUrl: confused.url });
    const sync = () => bob.at(before.url).request("GET", `${C}/v3/sync`);
    for (const wrong of [
      { type: "image/png", body: "{ROSTER" },
      { type: "text/plain", body: '{"ROSTER":1}' },
      { type: "application/json", body: "ROSTER" },
      { type: "application/json", body: '["ROSTER"]' },
      { type: "application/json", body: "" },
      { type: "application/jsonROSTER", body: '{"ROSTER":1}' },
      { type: "application/json", body: '{"ROSTER":1}', status: 206 },
      { type: "application/json", body: '{"ROSTER":1}', status: 302 },
    ]) {
      answer = wrong;
      const got = await sync();
      expect(got.status, JSON.stringify(wrong)).to.equal(403);
      expect(got.text, JSON.stringify(wrong)).to.not.contain("ROSTER");
    }
    answer = { type: "application/json; charset=utf-8", body: '{"next_batch":"s1"}' };
    expect((await sync()).text).to.equal(answer.body);
    answer = { type: "text/html", body: "<p>bad gateway</p>", status: 502 };
    expect((await sync()).status).to.equal(502);
    await before.close();
    await confused.close();
  });

  it("answers 502 with a plain sentence while Synapse is down, and goes on when it is back", async () => {
    const at = `${C}/v3/rooms/${encodeURIComponent(room)}`;
    const event = await ann.say(room, "before the fall");
    await proxy.goDown();
    const paths = [
      `${C}/versions`,
      `${C}/v3/sync`,
      `${at}/messages?dir=b`,
      `${at}/event/${encodeURIComponent(event)}`,
      `${C}/v3/notifications`,
    ];
    for (const path of paths) {
      const answer = await bob.request("GET", path);
      expect(answer.status, path).to.equal(502);
      expect(JSON.parse(answer.text), path).to.deep.equal({
        errcode: "M_UNKNOWN",
        error: "The homeserver does not answer. Try again in a moment.",
      });
      expect(answer.headers["access-control-allow-origin"], path).to.equal("*");
    }
    await proxy.comeBack();
    expect((await bob.request("GET", `${at}/event/${encodeURIComponent(event)}`)).text).to.contain(
      "before the fall",
    );
    expect((await bob.request("GET", `${C}/versions`)).status).to.equal(200);
  });

  it("refuses when Synapse does not say whether the caller is a member", async () => {
    const at = `${C}/v3/rooms/${encodeURIComponent(room)}`;
    const event = await ann.say(room, "hard to say");
    const path = `${at}/event/${encodeURIComponent(event)}`;
    for (const [answer, status] of [
      [{ kind: "answer", status: 200, body: {} }, 403],
      [{ kind: "answer", status: 200, body: { joined_rooms: "all" } }, 403],
      [{ kind: "answer", status: 404, body: {} }, 403],
      [{ kind: "answer", status: 500, body: {} }, 502],
    ] as const) {
      proxy.inject({ when: "before", match: { path: "/_matrix/client/v3/joined_rooms" }, act: () => answer });
      const refused = await bob.request("GET", path);
      expect(refused.status, JSON.stringify(answer)).to.equal(status);
      expect(refused.text).to.not.contain("hard to say");
    }
    expect((await bob.request("GET", path)).text).to.contain("hard to say");
  });

  for (const read of ["event", "context", "messages", "state", "members", "relations"]) {
    for (const when of ["before", "after"] as const) {
      it(`serves no one who is put out while they read: ${read}, ${when} Synapse has read`, async () => {
        const eve = (await house.person("eve")).at(gate.url);
        const here = await house.room([ann, eve]);
        const event = encodeURIComponent(await ann.say(here, "just now"));
        proxy.inject({
          when,
          match: { path: new RegExp(`/rooms/[^/]*/${read}`) },
          act: async () => {
            await ann.at(house.synapse).say(here, "a last word");
            // Not made to forget yet: Synapse itself would still serve her.
            const kick = `${C}/v3/rooms/${encodeURIComponent(here)}/kick`;
            await house.bot.json("POST", kick, { user_id: eve.userId });
            return undefined;
          },
        });
        const version = read === "relations" ? "v1" : "v3";
        const rest = { event: `/${event}`, context: `/${event}`, relations: `/${event}` }[read] ?? "";
        const query = read === "messages" ? "?dir=f" : "";
        const path = `${C}/${version}/rooms/${encodeURIComponent(here)}/${read}${rest}${query}`;
        const answer = await eve.request("GET", path);
        expect(answer.status, answer.text).to.equal(403);
        expect(JSON.parse(answer.text)).to.deep.equal({
          errcode: "M_FORBIDDEN",
          error: "You are not in this conversation.",
        });
      });
    }
  }

  it("does not wait for events in the old way, which looks who is a member before it waits", async () => {
    const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    for (const path of [`${C}/v3/events?timeout=1`, `${C}/api/v1/events?from=${since}&room_id=${room}`]) {
      const answer = await bob.request("GET", path);
      expect(answer.status, path).to.equal(404);
      expect(JSON.parse(answer.text).errcode, path).to.equal("M_UNRECOGNIZED");
    }
  });

  it("writes neither tokens nor names to the log", () => {
    const text = JSON.stringify(gate.logged);
    for (const secret of [bob.token, ann.token, bob.userId, room, "hard to say"])
      expect(text).to.not.contain(secret);
  });
});

async function textOf(message: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of message) text += String(chunk);
  return text;
}

async function until(look: () => Promise<boolean>, every = 25): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error("it did not come to be within 10 s");
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
