/** What a phone's lock screen can show: what a real Synapse sends to the phone makers' push services. */
import { expect } from "chai";
import { quietPushers } from "../../../../src/appservice/accounts/pushers.ts";
import type { Homeserver, HomeserverCall } from "../../../../src/appservice/homeserver/homeserver.ts";
import { eventually } from "../../../support/eventually.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";
import { type PushGateway, startPushGateway } from "../../../support/homeserver/push-gateway.ts";

const C = "/_matrix/client";

describe("push notifications through the gate", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let pushes: PushGateway;
  let ann: Caller;
  let bob: Caller;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house);
    pushes = await startPushGateway();
  });
  after(async () => {
    await pushes?.stop();
    await gate?.close();
    await house?.stop();
  });
  beforeEach(async () => {
    const people = [await house.person("ann"), await house.person("bob")];
    [ann, bob] = people.map((each) => each.at(gate.url)) as [Caller, Caller];
  });

  let keys = 0;
  const wanted = (more: object = {}) => ({
    kind: "http",
    app_id: "test.phone",
    pushkey: `key ${++keys}`,
    app_display_name: "A phone",
    device_display_name: "A phone",
    lang: "en",
    data: { url: pushes.url },
    ...more,
  });
  /** The push to this key after the next message. */
  async function toldOf(pushkey: string): Promise<Record<string, unknown>> {
    const room = await house.room([ann, bob]);
    await ann.say(room, "Mary Jones is here");
    const ofKey = () => pushes.received.find((each) => JSON.stringify(each).includes(pushkey));
    return eventually("the push", async () => ofKey());
  }
  const set = (body: unknown, path = `${C}/v3/pushers/set`) => bob.request("POST", path, { body });

  it("name no one, no room and no text, however the pusher was set", async () => {
    const data = { url: pushes.url };
    for (const [more, path] of [
      [{}],
      [{ data: { ...data, format: "full" } }],
      [
        { data: { ...data, format: null, default_payload: { aps: { alert: "New message" } } } },
        `${C}/r0/pushers/set`,
      ],
      [{ append: true, profile_tag: "x" }, `${C}/unstable/pushers/set`],
      [{}, `${C}/api/v1/pushers/set?format=full`],
    ] as const) {
      const body = wanted(more);
      expect((await set(body, path)).status).to.equal(200);
      const { devices: _, ...told } = await toldOf(body.pushkey);
      expect(Object.keys(told).sort()).to.deep.equal(["counts", "event_id", "prio", "room_id"]);
      await bob.json("POST", `${C}/v3/pushers/set`, { ...body, kind: null });
    }
  });

  it("say more if the gate is bypassed, which shows what it is for", async () => {
    const body = wanted();
    await bob.at(house.synapse).json("POST", `${C}/v3/pushers/set`, body);
    expect(await toldOf(body.pushkey)).to.include({ room_name: "Night shift" });
  });

  it("no longer name anyone for pushers that bypassed the gate, and end with their session as before", async () => {
    const homeserver: Homeserver = {
      call: async <T>({ method, path, as, body }: HomeserverCall) =>
        (await house.bot.json(method, `${path}?user_id=${encodeURIComponent(as ?? "")}`, body)) as T,
    };
    const past = bob.at(house.synapse);
    const [loud, quiet] = [wanted({ data: { url: pushes.url, brand: "x" } }), wanted()];
    await past.json("POST", `${C}/v3/pushers/set`, loud);
    await bob.json("POST", `${C}/v3/pushers/set`, quiet);
    await quietPushers(homeserver, bob.userId);
    const { pushers } = (await bob.json("GET", `${C}/v3/pushers`)) as { pushers: { data: object }[] };
    expect(pushers.map(({ data }) => data)).to.have.deep.members([
      { url: pushes.url, brand: "x", format: "event_id_only" },
      { url: pushes.url, format: "event_id_only" },
    ]);
    const { devices: _, ...told } = await toldOf(loud.pushkey);
    expect(Object.keys(told).sort()).to.deep.equal(["counts", "event_id", "prio", "room_id"]);
    await bob.json("POST", `${C}/v3/logout`, {});
    const left = await house.bot.json(
      "GET",
      `/_synapse/admin/v1/users/${encodeURIComponent(bob.userId)}/pushers`,
    );
    expect(left.total).to.equal(0);
  });

  it("go only to apps, and only from known kinds of pusher", async () => {
    for (const [body, status] of [
      [wanted({ kind: "email", pushkey: "bob@example.org" }), 403],
      [wanted({ kind: "other" }), 403],
      [wanted({ kind: undefined }), 403],
      [wanted({ data: null }), 400],
      [wanted({ data: [] }), 400],
      [wanted({ data: "x" }), 400],
      [[], 400],
      ["x", 400],
    ] as const)
      expect((await set(body)).status, JSON.stringify(body)).to.equal(status);
    expect((await set(Buffer.from("{"))).status).to.equal(400);
    const twice = wanted();
    const text = JSON.stringify(twice).replace(/}$/, `,"data":{"url":"${pushes.url}","format":"full"}}`);
    expect((await set(Buffer.from(text))).status).to.equal(200);
    const { pushers } = (await bob.json("GET", `${C}/v3/pushers`)) as { pushers: { data: object }[] };
    for (const { data } of pushers) expect(data).to.include({ format: "event_id_only" });
    for (const path of [`${C}/v3/pushers/s%65t`, `${C}/v3//pushers/set`, `${C}/v3/pushers/x/../set`]) {
      const answer = await set(wanted(), path);
      expect(answer.status, path).to.be.within(400, 404);
    }
  });
});
