/** What the gate does while Synapse is down, answers oddly, or hears of a removal while it answers. */
import { expect } from "chai";
import type { RoomId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse, serve } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";
import { FaultProxy } from "../../../support/homeserver/fault-proxy.ts";

const C = "/_matrix/client";

describe("the gate and an unreliable Synapse", function () {
  this.timeout(180_000);
  let house: House;
  let proxy: FaultProxy;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  let room: RoomId;

  before(async () => {
    house = await openHouse();
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

  it("passes on as a sync only what begins as one", async () => {
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

  it("answers 502 with a plain sentence while Synapse is down, and continues when it is back", async () => {
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

  it("refuses if Synapse does not say whether the caller is a member", async () => {
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
      it(`serves no one who is removed while they read: ${read}, ${when} Synapse has read`, async () => {
        const eve = (await house.person("eve")).at(gate.url);
        const here = await house.room([ann, eve]);
        const event = encodeURIComponent(await ann.say(here, "just now"));
        proxy.inject({
          when,
          match: { path: new RegExp(`/rooms/[^/]*/${read}`) },
          act: async () => {
            await ann.at(house.synapse).say(here, "a last word");
            // She has not been made to forget the room, so Synapse itself would still serve her.
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

  it("writes neither tokens nor names to the log", () => {
    const text = JSON.stringify(gate.logged);
    for (const secret of [bob.token, ann.token, bob.userId, room, "hard to say"])
      expect(text).to.not.contain(secret);
  });
});
