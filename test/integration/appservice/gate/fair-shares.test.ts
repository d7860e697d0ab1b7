/** How much one person may have open at a time, so that others are served too. */
import { once } from "node:events";
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { expect } from "chai";
import type { RoomId, UserId } from "../../../../src/policy/model.ts";
import { eventually } from "../../../support/eventually.ts";
import { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse, type Served, serve } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";
const ROOM = "!here:localhost" as RoomId;

describe("the read gate and someone who asks for too much", function () {
  this.timeout(120_000);
  let house: House;
  /** A homeserver that answers `whoami`, and leaves everything else waiting until it is released. */
  let slow: Served;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  const held: { readonly path: string; readonly who: string; readonly response: ServerResponse }[] = [];
  const open: ClientRequest[] = [];

  before(async () => {
    house = await openHouse();
  });
  after(() => house?.stop());
  beforeEach(async () => {
    held.length = 0;
    open.length = 0;
    slow = await serve((request, response) => {
      const who = String(request.headers.authorization);
      const path = request.url ?? "";
      response.setHeader("content-type", "application/json");
      if (path.includes("/whoami")) response.end(JSON.stringify({ user_id: `@${who.slice(7)}:localhost` }));
      else if (path.includes("/joined_rooms")) response.end(JSON.stringify({ joined_rooms: [ROOM] }));
      else held.push({ path, who, response });
    });
    gate = await putGateBefore(house, { synapseUrl: slow.url });
    ann = new Caller(gate.url, "@ann:localhost" as UserId, "ann");
    bob = new Caller(gate.url, "@bob:localhost" as UserId, "bob");
  });
  afterEach(async () => {
    for (const request of open) request.destroy();
    await gate.close();
    await slow.close();
  });

  /** A request that can be dropped. @returns the answer's status and text. */
  function ask(who: Caller, path: string, method = "GET") {
    const { hostname, port } = new URL(gate.url);
    const sent = httpRequest({
      hostname,
      port,
      method,
      path,
      agent: false,
      headers: { authorization: `Bearer ${who.token}` },
    });
    open.push(sent);
    const answer = new Promise<{ status: number; headers: IncomingMessage["headers"]; text: string }>(
      (resolve, reject) => {
        sent.once("error", reject);
        sent.once("response", (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.once("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
        });
      },
    );
    answer.catch(() => undefined);
    sent.end();
    return { sent, answer };
  }
  const heldOf = (who: Caller) => held.filter((each) => each.who === `Bearer ${who.token}`).length;
  const holds = (who: Caller, count: number) =>
    eventually(`the homeserver holds ${count}`, () => heldOf(who) === count);
  const letGo = () => {
    for (const { response } of held.splice(0)) response.end("{}");
  };

  it("lets thirty-two polls of one person wait, and tells the next to retry", async () => {
    const polls = Array.from({ length: 32 }, () => ask(ann, `${C}/v3/sync?timeout=30000`));
    await holds(ann, 32);
    for (const [method, path] of [
      ["GET", `${C}/v3/sync`],
      ["GET", `${C}/v3/sync?access_token=ann`],
      ["POST", `${C}/unstable/org.matrix.simplified_msc3575/sync`],
    ] as const) {
      const { status, headers, text } = await ask(ann, path, method).answer;
      expect(status, path).to.equal(429);
      expect(JSON.parse(text)).to.deep.equal({
        errcode: "M_LIMIT_EXCEEDED",
        error: "Too many requests at the same time.",
        retry_after_ms: 2_000,
      });
      expect(headers["retry-after"]).to.equal("2");
      expect(headers["access-control-allow-origin"]).to.equal("*");
    }
    // Others can poll, and the same person can read.
    ask(bob, `${C}/v3/sync`);
    await holds(bob, 1);
    ask(ann, `${C}/v3/notifications`);
    await holds(ann, 33);
    // When a client disconnects, its place is free.
    const freed = Promise.race(held.map(({ response }) => once(response, "close")));
    polls[0]?.sent.destroy();
    await freed;
    ask(ann, `${C}/v3/sync`);
    await holds(ann, 34);
  });

  it("makes one person's reads wait for each other, but not other people's", async () => {
    const path = `${C}/v3/rooms/${encodeURIComponent(ROOM)}/messages?dir=b`;
    const statuses: number[] = [];
    const reads = Array.from({ length: 16 + 256 + 8 }, async () => {
      statuses.push((await ask(ann, path).answer).status);
    });
    await eventually("eight are turned away", () => statuses.length === 8);
    expect(heldOf(ann)).to.equal(16);
    expect(statuses).to.deep.equal(new Array(8).fill(429));
    ask(bob, path);
    await holds(bob, 1);
    const going = setInterval(letGo, 5);
    try {
      await Promise.all(reads);
    } finally {
      clearInterval(going);
    }
    expect(statuses.slice(8)).to.deep.equal(new Array(272).fill(200));
  });
});
