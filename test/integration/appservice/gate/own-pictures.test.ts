/** The pictures that Whisper draws itself, as clients load them. */
import { expect } from "chai";
import type { Answer, Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";
const own = (of: string) => `localhost/whisper-1-${of}`;

describe("the read gate and the pictures that Whisper draws", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let eve: Caller;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house);
    eve = (await house.person("eve")).at(gate.url);
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  const served = (answer: Answer) => {
    expect(answer.status, answer.text.slice(0, 200)).to.equal(200);
    expect(answer.headers["content-type"]).to.equal("image/png");
    expect(answer.headers["access-control-allow-origin"]).to.equal("*");
    expect(answer.headers["x-content-type-options"]).to.equal("nosniff");
  };

  for (const picture of [own("group"), own("3-50-4e")]) {
    it(`serves ${picture} to every colleague, like any file`, async () => {
      served(await eve.request("GET", `${C}/v1/media/download/${picture}`));
      served(await eve.request("GET", `${C}/v1/media/download/${picture}/group.png`));
      const small = `${C}/v1/media/thumbnail/${picture}?width=32&height=32&method=crop`;
      served(await eve.request("GET", small));
      served(await eve.request("HEAD", small));
    });
  }

  it("serves them to no one without a session, nor at addresses without a token", async () => {
    const stranger = await fetch(`${gate.url}${C}/v1/media/download/${own("group")}`);
    expect(stranger.status).to.equal(401);
    const old = await eve.request("GET", `/_matrix/media/v3/download/${own("group")}`);
    expect(old.status).to.equal(404);
  });

  for (const other of [
    own("nobody"),
    own("3-3c"),
    "elsewhere.example/whisper-1-group",
    "localhost/whisper-2-group",
  ]) {
    it(`finds no ${other}`, async () => {
      expect((await eve.request("GET", `${C}/v1/media/download/${other}`)).status).to.equal(404);
    });
  }
});
