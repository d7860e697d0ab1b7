import { expect } from "chai";
import type { RoomId, UserId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

describe("account data that someone's client sets, through the gate", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let room: RoomId;
  const marks: [UserId, RoomId, boolean][] = [];
  const lists: [UserId, string[]][] = [];
  let failing = false;

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house, {
      accountData: {
        markUnread: async (...mark) => {
          if (failing) throw new Error("the database is away");
          marks.push(mark);
        },
        setDirectChats: async (user, rooms) => void lists.push([user, [...rooms].sort()]),
      },
    });
    ann = (await house.person("ann")).at(gate.url);
    room = await house.room([ann]);
  });
  beforeEach(() => {
    marks.length = 0;
    lists.length = 0;
    failing = false;
  });
  after(async () => {
    await gate?.close();
    await house?.stop();
  });

  const at = (type: string, user: string = ann.userId) =>
    `/_matrix/client/v3/user/${encodeURIComponent(user)}/rooms/${encodeURIComponent(room)}/account_data/${type}`;
  const mark = (body: object, type = "m.marked_unread", user?: string) =>
    ann.request("PUT", at(type, user), { body });

  describe("a room marked as unread", () => {
    for (const type of ["m.marked_unread", "com.famedly.marked_unread"]) {
      it(`is recorded with what Synapse has: ${type}`, async () => {
        expect((await mark({ unread: true }, type)).status).to.equal(200);
        expect(JSON.parse((await ann.request("GET", at(type))).text)).to.deep.equal({ unread: true });
        expect((await mark({ unread: false }, type)).status).to.equal(200);
        expect(marks).to.deep.equal([
          [ann.userId, room, true],
          [ann.userId, room, false],
        ]);
      });
    }

    it("is not recorded when Synapse refuses it", async () => {
      expect((await mark({ unread: true }, "m.marked_unread", house.bot.userId)).status).to.equal(403);
      expect(marks).to.deep.equal([]);
    });

    for (const body of [{}, { unread: "yes" }, { unread: 1 }, { unread: null }]) {
      it(`counts as marked only if it says so: ${JSON.stringify(body)}`, async () => {
        expect((await mark(body)).status).to.equal(200);
        expect(marks).to.deep.equal([[ann.userId, room, false]]);
      });
    }

    it("is not confirmed to the client while it cannot be recorded", async () => {
      failing = true;
      expect((await mark({ unread: true })).status).not.to.equal(200);
    });
  });

  describe("a list of direct chats", () => {
    const set = (body: unknown) =>
      ann.request("PUT", `/_matrix/client/v3/user/${encodeURIComponent(ann.userId)}/account_data/m.direct`, {
        body,
      });

    it("is recorded with what Synapse has", async () => {
      const body = {
        "@ben:localhost": ["!one:localhost", "!two:localhost"],
        "@cara:localhost": ["!one:localhost"],
      };
      expect((await set(body)).status).to.equal(200);
      expect(lists).to.deep.equal([[ann.userId, ["!one:localhost", "!two:localhost"]]]);
    });

    for (const body of [
      {},
      { "@ben:localhost": [] },
      { "@ben:localhost": "!one" },
      { "@ben:localhost": [7, null] },
    ])
      it(`may be empty or nonsense: ${JSON.stringify(body)}`, async () => {
        expect((await set(body)).status).to.equal(200);
        expect(lists).to.deep.equal([[ann.userId, []]]);
      });
  });
});
