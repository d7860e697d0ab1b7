/** Messages between devices, which bypass invitations and rooms. */
import { expect } from "chai";
import type { Answer, Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";
const REQUEST = "m.key.verification.request";

describe("the read gate and messages to devices", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  let count = 0;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house);
    ann = (await house.person("ann")).at(gate.url);
    bob = (await house.person("bob")).at(gate.url);
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  const send = (from: Caller, body: unknown, { version = "v3", type = REQUEST } = {}) =>
    from.request("PUT", `${C}/${version}/sendToDevice/${type}/${++count}`, { body });
  const asked = (text: string) => ({ "*": { from_device: "X", text } });
  /** What someone's devices have received since the last look. */
  const received = async (who: Caller) =>
    JSON.stringify((await who.json("GET", `${C}/v3/sync?timeout=0`)).to_device ?? {});

  function refused(answer: Answer, status: number, errcode: string): void {
    expect(answer.status, answer.text).to.equal(status);
    expect(JSON.parse(answer.text).errcode).to.equal(errcode);
    expect(answer.headers["access-control-allow-origin"]).to.equal("*");
  }

  it("delivers them to the sender's own devices", async () => {
    const answer = await send(ann, { messages: { [ann.userId]: asked("trust me, me") } });
    expect(answer.status, answer.text).to.equal(200);
    expect(await received(ann)).to.contain("trust me, me");
    expect((await send(ann, { messages: {} })).status).to.equal(200);
  });

  it("delivers none to anyone else's, in any form", async () => {
    const to = (who: Caller) => JSON.stringify(who.userId);
    const word = JSON.stringify(asked("psst"));
    const escaped = `"\\u0040${bob.userId.slice(1)}"`;
    for (const body of [
      `{"messages":{${to(bob)}:${word}}}`,
      `{"messages":{${to(ann)}:${word},${to(bob)}:${word}}}`,
      `{"messages":{${escaped}:${word}}}`,
      `{"messages":{},"messages":{${to(bob)}:${word}}}`,
      `{"messages":{"*":${word}}}`,
    ]) {
      refused(await send(ann, Buffer.from(body)), 403, "M_FORBIDDEN");
      refused(await send(ann, Buffer.from(body), { version: "unstable" }), 403, "M_FORBIDDEN");
      refused(
        await send(ann, Buffer.from(body), { version: "r0", type: "m.room.encrypted" }),
        403,
        "M_FORBIDDEN",
      );
    }
    // The gate and Synapse read this in the same way: if a JSON object has two members with one name, the last counts.
    const last = Buffer.from(`{"messages":{${to(bob)}:${word}},"messages":{${to(ann)}:${word}}}`);
    expect((await send(ann, last)).status).to.equal(200);
    const odd = `${C}/v3/s%65ndToDevice/${REQUEST}/odd`;
    refused(
      await ann.request("PUT", odd, { body: { messages: { [bob.userId]: asked("psst") } } }),
      400,
      "M_UNRECOGNIZED",
    );
    expect(await received(bob)).to.not.contain("psst");
  });

  it("refuses anything malformed or too large", async () => {
    for (const body of ["", "[]", "{", '{"messages":[]}', '{"messages":null}', "{}"])
      refused(await send(ann, Buffer.from(body)), 400, "M_BAD_JSON");
    const large = { messages: { [ann.userId]: asked("x".repeat(2 * 1024 * 1024)) } };
    refused(await send(ann, large), 413, "M_TOO_LARGE");
  });

  it("passes on Synapse's refusal of a token", async () => {
    const path = `${C}/v3/sendToDevice/${REQUEST}/${++count}`;
    const body = { messages: { [bob.userId]: asked("psst") } };
    const headers = { authorization: "Bearer nobody" };
    refused(await ann.request("PUT", path, { body, withoutToken: true, headers }), 401, "M_UNKNOWN_TOKEN");
  });
});
