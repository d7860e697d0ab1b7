/** Names that callers send must not become labels: each would be kept for ever, and shown to anyone who scrapes. */
import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { AppServiceRegistration } from "matrix-appservice-bridge";
import { createMetrics, type Metrics } from "../../../../src/api/metrics.ts";
import { uploaderIn } from "../../../../src/appservice/gate/uploader.ts";
import { connectHomeserver } from "../../../../src/appservice/homeserver/bridge.ts";
import type { HomeserverConnection } from "../../../../src/appservice/homeserver/homeserver.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse, SERVER_NAME } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client/v1/media";

describe("the metrics of what goes through the gate", function () {
  this.timeout(120_000);
  let house: House;
  let homeserver: HomeserverConnection;
  let metrics: Metrics;
  let gate: Gated;
  let eve: Caller;

  before(async () => {
    house = await openHouse();
    metrics = createMetrics(house.database);
    homeserver = await connectHomeserver({
      homeserverUrl: house.synapse,
      serverName: SERVER_NAME,
      registration: AppServiceRegistration.fromObject({
        id: "whisper",
        url: null,
        as_token: house.bot.token,
        hs_token: "unused",
        sender_localpart: "whisper",
        namespaces: { users: [], rooms: [], aliases: [] },
      }) as AppServiceRegistration,
      onCall: metrics.homeserverCall,
    });
    gate = await putGateBefore(house, { uploaderOf: uploaderIn(homeserver) });
    eve = (await house.person("eve")).at(gate.url);
  });
  after(async () => {
    await gate?.close();
    await homeserver?.close();
    await house?.stop();
  });

  const lines = async (): Promise<string[]> => {
    const calls = metrics.registry.getSingleMetricAsString("whisper_homeserver_call_seconds");
    return (await calls).split("\n").filter((line) => line.includes("_count"));
  };

  it("are as many after two thousand odd files as after two", async () => {
    const ask = (path: string) => eve.request("GET", `${C}/${path}?width=8&height=8`);
    await ask(`download/${SERVER_NAME}/abc`);
    await ask("download/elsewhere.example/abc");
    const before = await lines();
    expect(before).to.have.length(1);
    const name = () => randomBytes(6).toString("hex");
    const odd: readonly (() => string)[] = [
      () => `download//${name()}`,
      () => `download/${name()}/`,
      () => `download/${SERVER_NAME}/${name()}`,
      () => `download/${name()}.example/${name()}`,
      () => `download/${name()}%2F${name()}/${name()}`,
      () => `thumbnail/${name()}/media`,
      () => `thumbnail/media/${name()}`,
      () => `download/%21${name()}/%40${name()}`,
      () => `download/${SERVER_NAME}/${name()}%2Fsend%2F${name()}`,
      () => `download/send/redact/${name()}`,
    ];
    const left = Array.from({ length: 2_000 }, (_, index) => (odd[index % odd.length] as () => string)());
    const statuses = new Set<number>();
    const askAll = async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop())
        statuses.add((await ask(next)).status);
    };
    await Promise.all(Array.from({ length: 8 }, askAll));
    expect([...statuses].every((status) => status >= 400 && status < 500)).to.equal(true);
    const after = await lines();
    expect(after.map((line) => line.replace(/ \d+$/, ""))).to.deep.equal(
      before.map((line) => line.replace(/ \d+$/, "")),
    );
    expect(after[0]).to.contain('call="GET /_synapse/admin/v1/media/:id/:id",outcome="refused"');
  });
});
