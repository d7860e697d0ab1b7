/** The front door alone: Synapse without Whisper's module, so nothing else stops what it lets through. */
import { expect } from "chai";
import type { AskedRoom } from "../../../../src/policy/conversations/asked-room.ts";
import { FRONT_DOOR, type RoomId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { at, expectNoText, ok, ownRoom, stateOf, TEXT } from "../../../support/gate/membership-ways.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

const C = "/_matrix/client";

describe("the front door", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  /** The conversations that were requested, and the rooms that invitations waited for. */
  const asked: AskedRoom[] = [];
  const awaited: string[] = [];

  before(async () => {
    house = await openHouse({ settings: "modules: []\n" });
    gate = await putGateBefore(house, {
      entrance: {
        newConversation: async (room) => {
          asked.push(room);
          if ([...room.chosen].length === 0) return { is: "unfinished" };
          return room.openToAll
            ? { is: "refused", reason: "Write in a group that you share." }
            : { is: "open", room: "!own:localhost" as RoomId };
        },
        remove: async () => ({ is: "nothing" }),
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
    it(`passes on no text with a membership, at /${version}`, () => expectNoText(house, ann, bob, version));
  }

  it("passes on none with a knock, or a membership whose type is encoded", async () => {
    const room = await ownRoom(bob.at(house.synapse), [], {
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

  it("accepts an empty body, and refuses an invalid or too large one", async () => {
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

  it("reads the same one of two fields with one name as Synapse", async () => {
    const room = await ownRoom(ann);
    const twice = `{"user_id":"@x:localhost","user_id":${JSON.stringify(bob.userId)},"reason":"${TEXT}"}`;
    await ok(ann, "POST", at(room, "invite"), Buffer.from(twice));
    expect(awaited.at(-1)).to.equal(`${ann.userId} ${bob.userId}`);
  });

  it("invites no one by email", async () => {
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
    it(`creates no room with initial members, by ${method} ${path}`, async () => {
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

  for (const [method, path] of [
    ["POST", "v3/createRoom"],
    ["POST", "r0/createRoom"],
    ["POST", "unstable/createRoom"],
    ["POST", "api/v1/createRoom"],
    ["PUT", "v3/createRoom/t1"],
  ] as const) {
    it(`answers ${method} ${path} with the conversation's own room, and Synapse creates none`, async () => {
      const before = await house.bot.json("GET", "/_synapse/admin/v1/rooms?limit=1");
      const encryption = { type: "m.room.encryption", state_key: "", content: { algorithm: "x" } };
      const made = await ann.request(method, `${C}/${path}`, {
        body: {
          invite: [bob.userId],
          is_direct: true,
          room_version: "12",
          initial_state: [encryption],
          "org.example.text": TEXT,
        },
      });
      expect(made.status, made.text).to.equal(200);
      expect(JSON.parse(made.text)).to.deep.equal({ room_id: "!own:localhost" });
      expect(asked.at(-1)).to.deep.equal({
        maker: ann.userId,
        chosen: [bob.userId],
        name: null,
        direct: true,
        space: false,
        openToAll: false,
      });
      const after = await house.bot.json("GET", "/_synapse/admin/v1/rooms?limit=1");
      expect(after.total_rooms).to.equal(before.total_rooms);
    });
  }

  const state = (type: string, content: object) => ({ initial_state: [{ type, state_key: "", content }] });
  for (const [what, more] of [
    ["public", { preset: "public_chat" }],
    ["listed", { visibility: "public" }],
    ["at an address", { room_alias_name: "x" }],
    ["with an address", state("m.room.canonical_alias", { alias: "#x:localhost" })],
    ["that anybody may knock at", state("m.room.join_rules", { join_rule: "knock" })],
    ["that everybody can read", state("m.room.history_visibility", { history_visibility: "world_readable" })],
  ] as const) {
    it(`recognises a room ${what} as open to everyone, and says why it is refused`, async () => {
      const made = await ann.request("POST", `${C}/v3/createRoom`, {
        body: { invite: [bob.userId], ...more },
      });
      expect(made.status).to.equal(403);
      expect(JSON.parse(made.text)).to.deep.equal({
        errcode: "M_FORBIDDEN",
        error: "Write in a group that you share.",
      });
    });
  }

  it("refuses a malformed room", async () => {
    for (const body of [
      { invite: bob.userId },
      { invite: [1] },
      { name: 1 },
      { initial_state: "x" },
      { initial_state: [1] },
      { initial_state: [{ type: "m.room.name" }] },
    ])
      expect((await ann.request("POST", `${C}/v3/createRoom`, { body })).status).to.equal(400);
  });

  it("removes encryption, version, levels and everything of the create event from a room with only its maker", async () => {
    const room = await ownRoom(ann, [], {
      room_version: "12",
      power_level_content_override: { users: { [ann.userId]: 50 } },
      creation_content: {
        predecessor: { room_id: "!alerts:localhost", event_id: "$x" },
        type: "org.matrix.msc3417.call",
        "org.example.text": TEXT,
      },
      ...state("m.room.encryption", { algorithm: "m.megolm.v1.aes-sha2" }),
    });
    const made = (await ann.json("GET", at(room, "state"))) as unknown as { type: string; content: object }[];
    expect(made.find(({ type }) => type === "m.room.encryption")).to.equal(undefined);
    expect(made.find(({ type }) => type === "m.room.create")?.content).to.deep.equal({
      room_version: "11",
      [FRONT_DOOR]: true,
    });
  });

  it("opens nothing for an ended session", async () => {
    const eve = (await house.person("eve")).at(gate.url);
    const options = { body: { invite: [bob.userId] } };
    expect((await eve.request("POST", `${C}/v3/createRoom`, options)).status).to.equal(200);
    await eve.json("POST", `${C}/v3/logout`, {});
    const before = asked.length;
    expect((await eve.request("POST", `${C}/v3/createRoom`, options)).status).to.equal(401);
    expect(asked).to.have.lengthOf(before);
  });
});
