/** Read receipts: shared between the people who are in a room now, and no one else. */
import { expect } from "chai";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";
const enc = encodeURIComponent;

describe("receipts and typing through the gate", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house);
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  const sync = async (who: Caller) => JSON.stringify(await who.json("GET", `${C}/v3/sync?timeout=0`));

  it("reach others from a member, but not to or from someone who was removed", async () => {
    const ann = (await house.person("ann")).at(gate.url);
    const bob = (await house.person("bob")).at(gate.url);
    const room = await house.room([ann, bob]);
    const R = `${C}/v3/rooms/${enc(room)}`;
    const [first, second] = [await ann.say(room, "one"), await ann.say(room, "two")];
    expect((await bob.request("POST", `${R}/receipt/m.read/${enc(first)}`, { body: {} })).status).to.equal(
      200,
    );
    expect(await sync(ann)).to.contain(`"${first}":{"m.read":{"${bob.userId}"`);
    const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
    await house.remove(room, bob);

    const marks = { "m.fully_read": second, "m.read": second };
    const after = [
      ["POST", `${R}/receipt/m.read/${enc(second)}`, {}],
      ["POST", `${R}/receipt/m.read.private/${enc(second)}`, {}],
      ["POST", `${C}/r0/rooms/${enc(room)}/receipt/m.read/${enc(second)}`, {}],
      ["POST", `${C}/v3/rooms/${room}/receipt/m%2Eread/${enc(second)}`, {}],
      ["POST", `${R}/read_markers`, marks],
      ["POST", `${C}/api/v1/rooms/${enc(room)}/read_markers`, marks],
      ["POST", `${R}/rece%69pt/m.read/${enc(second)}`, {}],
      ["PUT", `${R}/typing/${enc(bob.userId)}`, { typing: true, timeout: 30_000 }],
    ] as const;
    for (const [method, path, body] of after)
      expect((await bob.request(method, path, { body })).status, path).to.be.within(400, 404);
    const seen = await sync(ann);
    expect(seen).to.not.contain(`"${second}":{"m.read":{"${bob.userId}"`);
    expect(seen).to.not.contain(`"user_ids":["${bob.userId}"]`);

    await ann.json("POST", `${R}/receipt/m.read/${enc(second)}`, {});
    await ann.json("PUT", `${R}/typing/${enc(ann.userId)}`, { typing: true, timeout: 30_000 });
    const sliding = {
      conn_id: "x",
      lists: { all: { ranges: [[0, 9]], timeline_limit: 1, required_state: [] } },
      room_subscriptions: { [room]: { timeline_limit: 1, required_state: [] } },
      extensions: { receipts: { enabled: true }, typing: { enabled: true } },
    };
    const SLIDING = `${C}/unstable/org.matrix.simplified_msc3575/sync`;
    for (const answer of [
      await bob.request("GET", `${C}/v3/sync?timeout=0`),
      await bob.request("GET", `${C}/v3/sync?timeout=0&since=${since}&full_state=true`),
      await bob.request("GET", `${C}/v3/initialSync?archived=true`),
      await bob.request("POST", SLIDING, { body: sliding }),
      await bob.request("POST", `${SLIDING}?pos=${enc(`0/${since}`)}`, { body: sliding }),
    ]) {
      expect(answer.text).to.not.contain("m.receipt");
      expect(answer.text).to.not.contain("m.typing");
      expect(answer.text).to.not.contain(second);
    }
  });
});
