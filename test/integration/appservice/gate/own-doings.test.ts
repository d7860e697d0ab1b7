/** Clients cannot refuse what Whisper does: it is never ignored, and its invitations are not shown. */
import { expect } from "chai";
import type { RoomId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";
const enc = encodeURIComponent;

describe("Whisper's own actions, through the gate", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;

  before(async () => {
    house = await openHouse({ settings: "modules: []\n" });
    gate = await putGateBefore(house);
    ann = (await house.person("ann")).at(gate.url);
    bob = (await house.person("bob")).at(gate.url);
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  for (const type of ["m.ignored_user_list", "m%2Eignored_user_list", "m.ignored%5fuser_list"]) {
    it(`leave Whisper off a list of ignored users, but keep others, by ${type}`, async () => {
      const where = `${C}/v3/user/${enc(ann.userId)}/account_data`;
      await ann.json("PUT", `${where}/${type}`, {
        ignored_users: { [house.bot.userId]: {}, [bob.userId]: {} },
        "org.example.more": 1,
      });
      expect(await ann.json("GET", `${where}/m.ignored_user_list`)).to.deep.equal({
        ignored_users: { [bob.userId]: {} },
        "org.example.more": 1,
      });
    });
  }

  it("hide Whisper's own invitations, and show others", async () => {
    const invited = async (by: Caller): Promise<RoomId> => {
      const made = await by.json("POST", `${C}/v3/createRoom`, {
        preset: "private_chat",
        invite: [ann.userId],
      });
      return made.room_id as RoomId;
    };
    const own = await invited(house.bot);
    const of = await invited(await house.person("cara"));
    const sliding = {
      lists: { all: { ranges: [[0, 99]], timeline_limit: 1, required_state: [["m.room.member", "$ME"]] } },
    };
    const synced = async () => [
      await ann.json("GET", `${C}/v3/sync?timeout=0`),
      await ann.json("POST", `${C}/unstable/org.matrix.simplified_msc3575/sync?timeout=0`, sliding),
    ];
    for (const answer of await synced()) {
      expect(JSON.stringify(answer)).to.contain(of);
      expect(JSON.stringify((answer as { rooms: object }).rooms)).to.not.contain(own);
    }
    await ann.json("POST", `${C}/v3/join/${enc(own)}`, {});
    for (const answer of await synced())
      expect(JSON.stringify((answer as { rooms: object }).rooms)).to.contain(own);
  });
});
