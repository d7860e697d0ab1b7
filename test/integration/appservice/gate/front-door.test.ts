/** The front door alone: Synapse without Whisper's module, so that nothing below holds what it lets through. */
import { expect } from "chai";
import { INVITED_LATER_TYPE, type RoomId, type UserId } from "../../../../src/policy/model.ts";
import type { Caller } from "./caller.ts";
import { type House, openHouse } from "./house.ts";
import { at, expectNoText, ok, ownRoom, stateOf, TEXT } from "./membership-ways.ts";
import { type Gated, putGateBefore } from "./with-gate.ts";

const C = "/_matrix/client";

describe("the front door", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  /** Those who never receive, and what invitations waited for. */
  const silent: UserId[] = [];
  const awaited: string[] = [];

  before(async () => {
    house = await openHouse({ settings: "modules: []\n" });
    gate = await putGateBefore(house, {
      entrance: {
        newRoom: async ({ invited }) =>
          invited.length === 1 && silent.includes(invited[0] as UserId)
            ? { allowed: false, reason: "Write in a group that you share." }
            : { allowed: true, later: invited.filter((each) => silent.includes(each)) },
        beforeInvitation: async (_room, inviter, invitee) => {
          awaited.push(`${inviter} ${invitee}`);
        },
      },
    });
    ann = (await house.person("ann")).at(gate.url);
    bob = (await house.person("bob")).at(gate.url);
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  for (const version of ["v3", "r0", "unstable", "api/v1"]) {
    it(`passes no text on with a membership, at /${version}`, () => expectNoText(house, ann, bob, version));
  }

  it("passes none on with a knock, nor with a membership whose type is encoded", async () => {
    const room = await ownRoom(bob, [], {
      initial_state: [{ type: "m.room.join_rules", state_key: "", content: { join_rule: "knock" } }],
    });
    await ok(ann, "POST", `${C}/v3/knock/${encodeURIComponent(room)}`, { reason: TEXT });
    for (const type of ["m%2Eroom.member", "%6D.room.member", "m.room%2emember"]) {
      const path = at(room, `state/${type}/${encodeURIComponent(bob.userId)}`);
      await ok(bob, "PUT", path, { membership: "join", reason: TEXT });
    }
    for (const who of [ann, bob])
      expect(JSON.stringify(await bob.json("GET", at(room, stateOf(who))))).to.not.contain(TEXT);
  });

  it("takes an empty body for nothing said, and refuses what is none or too large", async () => {
    const room = await ownRoom(ann);
    const send = (body: Buffer) => ann.request("POST", at(room, "join"), { body });
    expect((await send(Buffer.from(""))).status).to.equal(200);
    for (const body of ["[]", "{", '"reason"', "null", "1"])
      expect((await send(Buffer.from(body))).status).to.equal(400);
    expect(
      (await send(Buffer.from(JSON.stringify({ reason: "x".repeat(2 * 1024 * 1024) })))).status,
    ).to.equal(413);
    expect((await ann.request("POST", at(room, "leave"))).status).to.equal(200);
  });

  it("reads of two fields of one name the one that Synapse reads", async () => {
    const room = await ownRoom(ann);
    const twice = `{"user_id":"@x:localhost","user_id":${JSON.stringify(bob.userId)},"reason":"${TEXT}"}`;
    await ok(ann, "POST", at(room, "invite"), Buffer.from(twice));
    expect(awaited.at(-1)).to.equal(`${ann.userId} ${bob.userId}`);
  });

  it("invites nobody by e-mail", async () => {
    const room = await ownRoom(ann);
    const address = {
      medium: "email",
      address: "x@example.org",
      id_server: "127.0.0.1:9",
      id_access_token: "x",
    };
    expect((await ann.request("POST", at(room, "invite"), { body: address })).status).to.equal(403);
    const made = await ann.request("POST", `${C}/v3/createRoom`, { body: { invite_3pid: [address] } });
    expect(made.status).to.equal(403);
  });

  for (const [method, path] of [
    ["POST", "v3/createRoom"],
    ["POST", "r0/createRoom"],
    ["POST", "api/v1/createRoom"],
    ["PUT", "v3/createRoom/t1"],
  ] as const) {
    it(`makes no room that begins with members, by ${method} ${path}`, async () => {
      const member = {
        type: "m.room.member",
        state_key: bob.userId,
        content: { membership: "invite", reason: TEXT },
      };
      const answer = await ann.request(method, `${C}/${path}`, { body: { initial_state: [member] } });
      expect(answer.status, answer.text).to.equal(403);
      expect(JSON.parse(answer.text).error).to.match(/Invite people by name/);
    });
  }

  it("leaves out of an invitation who never receives, and has Whisper let them in", async () => {
    const cara = await house.person("cara");
    silent.push(cara.userId);
    const { room_id } = await ann.json("POST", `${C}/v3/createRoom`, {
      name: TEXT,
      topic: TEXT,
      invite: [cara.userId, bob.userId],
      initial_state: [{ type: INVITED_LATER_TYPE, state_key: "", content: { users: ["@forged:localhost"] } }],
      "org.example.text": TEXT,
    });
    const room = room_id as RoomId;
    expect(JSON.stringify(await cara.json("GET", `${C}/v3/sync?timeout=0`))).to.not.contain(TEXT);
    expect(JSON.stringify(await bob.json("GET", `${C}/v3/sync?timeout=0`))).to.contain(room);
    expect(await ann.json("GET", at(room, `state/${INVITED_LATER_TYPE}/`))).to.deep.equal({
      users: [cara.userId],
    });
    const alone = await ann.request("POST", `${C}/v3/createRoom`, {
      body: { invite: [cara.userId], name: TEXT },
    });
    expect(alone.status).to.equal(403);
    expect(JSON.parse(alone.text).error).to.equal("Write in a group that you share.");
  });
});
