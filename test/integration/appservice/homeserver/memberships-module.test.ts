/** Whisper's own module in Synapse, called directly: there is no gate here, and the callbacks allow everything. */
import { expect } from "chai";
import { homeserverProblems } from "../../../../src/appservice/homeserver/homeserver-check.ts";
import { MARKER_TYPE, type RoomId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, homeserverOf, openHouse } from "../../../support/gate/house.ts";
import {
  at,
  expectNoText,
  membershipOf,
  OPEN,
  ok,
  ownRoom,
  read,
  stateOf,
  TEXT,
} from "../../../support/gate/membership-ways.ts";

const C = "/_matrix/client";

describe("Synapse with Whisper's module", function () {
  this.timeout(120_000);
  let house: House;
  let ann: Caller;
  let bob: Caller;

  before(async () => {
    house = await openHouse();
    [ann, bob] = [await house.person("ann"), await house.person("bob")];
  });
  after(() => house?.stop());

  for (const version of ["v3", "r0", "unstable", "api/v1"]) {
    it(`brings no one a text through a membership, at /${version}`, () =>
      expectNoText(house, ann, bob, version));
  }

  it("brings no one a text through a knock", async () => {
    const room = await ownRoom(bob, [], {
      initial_state: [{ type: "m.room.join_rules", state_key: "", content: { join_rule: "knock" } }],
    });
    await ok(ann, "POST", `${C}/v3/knock/${encodeURIComponent(room)}`, { reason: TEXT });
    const content = await bob.json("GET", at(room, stateOf(ann)));
    expect(content.membership).to.equal("knock");
    expect(JSON.stringify(content)).to.not.contain(TEXT);
  });

  it("keeps the direct flag of an invitation, and Whisper's own reasons", async () => {
    const room = await ownRoom(ann);
    await ok(ann, "PUT", at(room, stateOf(bob)), { membership: "invite", is_direct: true });
    expect(await bob.json("GET", `${C}/v3/sync?timeout=0`).then(JSON.stringify)).to.contain(
      '"is_direct":true',
    );
    const direct = await ownRoom(house.bot, [bob]);
    await ok(house.bot, "POST", at(direct, "kick"), {
      user_id: bob.userId,
      reason: "The practice asks for it.",
    });
    expect((await membershipOf(house, direct, bob)).reason).to.equal("The practice asks for it.");
  });

  it("creates no room with initial members", async () => {
    const member = {
      type: "m.room.member",
      state_key: bob.userId,
      content: { membership: "invite", reason: TEXT },
    };
    for (const state of [[member], [{ ...member, state_key: "" }], [OPEN, member]]) {
      const answer = await ann.request("POST", `${C}/v3/createRoom`, { body: { initial_state: state } });
      expect(answer.status, answer.text).to.equal(403);
    }
    expect(await bob.json("GET", `${C}/v3/sync?timeout=0`).then(JSON.stringify)).to.not.contain(TEXT);
  });

  it("is reported as missing at Whisper's start if it is not installed", async () => {
    const bare = await openHouse({ settings: "modules: []\n" });
    try {
      const missed = (await homeserverProblems(homeserverOf(bare))).join();
      expect(missed).to.contain("whisper_memberships");
      expect((await homeserverProblems(homeserverOf(house))).join()).to.not.contain("whisper_memberships");
      const { total_rooms } = await bare.bot.json("GET", "/_synapse/admin/v1/rooms");
      expect(total_rooms, "rooms made by looking").to.equal(0);
    } finally {
      await bare.stop();
    }
  });

  it("is reported at Whisper's start if it looks people up on other hosts", async () => {
    const looking = await openHouse({ settings: "enable_3pid_lookup: true\n" });
    try {
      expect((await homeserverProblems(homeserverOf(looking))).join()).to.contain("enable_3pid_lookup");
      expect((await homeserverProblems(homeserverOf(house))).join()).to.not.contain("enable_3pid_lookup");
    } finally {
      await looking.stop();
    }
  });

  describe("in one of Whisper's rooms", () => {
    const levels = { events_default: 50, users_default: 0 };
    const managed = async (kind: string, members: readonly Caller[], more: object = {}) =>
      ownRoom(house.bot, members, {
        initial_state: [{ type: MARKER_TYPE, state_key: "", content: { kind, id: "x" } }],
        power_level_content_override: { ...levels, users: { [house.bot.userId]: 100 }, ...more },
      });
    const linesOf = async (room: RoomId, who: Caller) =>
      (await read(bob, room)).filter(({ type, sender }) => type === "m.room.member" && sender === who.userId);

    for (const kind of ["alerts", "individual", "group", "arrivals", "control", "admin"]) {
      it(`(${kind}) lets no one leave or rejoin, and says so`, async () => {
        const room = await managed(kind, [ann, bob]);
        const before = (await linesOf(room, ann)).length;
        for (let time = 0; time < 3; time++) {
          const left = await ann.request("POST", at(room, "leave"), { body: { reason: TEXT } });
          expect(left.status).to.equal(403);
          expect(JSON.parse(left.text).error).to.match(/cannot leave it/);
          const put = await ann.request("PUT", at(room, stateOf(ann)), { body: { membership: "leave" } });
          expect(put.status).to.equal(403);
          await ok(ann, "POST", at(room, "join"), { reason: `${TEXT} ${time}` });
          await ok(ann, "PUT", at(room, stateOf(ann)), { membership: "join", [`x${time}`]: TEXT });
        }
        expect(await linesOf(room, ann)).to.have.lengthOf(before);
      });
    }

    it("lets people leave a custom group, a closed room, and one that only looks like Whisper's", async () => {
      const custom = await managed("custom", [ann]);
      const closed = await managed("group", [ann]);
      await house.bot.json("PUT", at(closed, "state/m.room.tombstone/"), {
        body: "x",
        replacement_room: "!x:y",
      });
      const forged = await ownRoom(bob, [ann], {
        initial_state: [{ type: MARKER_TYPE, state_key: "", content: { kind: "alerts", id: "x" } }],
      });
      for (const room of [custom, closed, forged]) await ok(ann, "POST", at(room, "leave"), {});
      const invited = await managed("group", []);
      await house.bot.json("POST", at(invited, "invite"), { user_id: ann.userId });
      await ok(ann, "POST", at(invited, "leave"), {});
    });

    for (const kind of ["group", "alerts"]) {
      it(`(${kind}) lets the bot delete it, with everyone in it`, async () => {
        const room = await managed(kind, [ann, bob]);
        await house.bot.json("DELETE", `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}`, {
          purge: true,
        });
        expect((await ann.json("GET", `${C}/v3/joined_rooms`)).joined_rooms).not.to.include(room);
      });
    }

    it("shows a new portrait only where its owner may write", async () => {
      const silent = await managed("alerts", [ann, bob]);
      const open = await managed("custom", [ann, bob], { events_default: 0 });
      const before = [(await linesOf(silent, ann)).length, (await linesOf(open, ann)).length] as const;
      await ok(ann, "PUT", `${C}/v3/profile/${encodeURIComponent(ann.userId)}/avatar_url`, {
        avatar_url: "mxc://localhost/portrait",
      });
      while ((await linesOf(open, ann)).length === before[1])
        await bob.json("GET", `${C}/v3/sync?timeout=100`);
      expect(await linesOf(silent, ann)).to.have.lengthOf(before[0]);
    });

    it("lets Whisper itself remove anyone", async () => {
      const room = await managed("alerts", [ann, bob]);
      await ok(house.bot, "POST", `${at(room, "leave")}?user_id=${encodeURIComponent(ann.userId)}`, {});
      await ok(house.bot, "POST", at(room, "kick"), { user_id: bob.userId });
    });
  });
});
