import { expect } from "chai";
import { customGroupEvents } from "../../../../src/conversations/groups/custom-group-events.ts";
import { leftLately, takeBackLeaves } from "../../../../src/conversations/groups/leaves.ts";
import type { ConversationId, RoomId, UserId } from "../../../../src/policy/model.ts";
import { type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

describe("leaving a custom group whose room is shut down", () => {
  let house: House;
  let group: ConversationId;
  let room: RoomId;

  beforeEach(async () => {
    house = await openHouse((dependencies) => [
      customGroupEvents({ ...dependencies, isDeactivated: async () => false }),
    ]);
    await house.staff({
      users: ["anna", "ben", "cara", "dan"],
      groups: { Default: [], Doctors: ["ben"] },
    });
    ({ id: group, room } = await house.opened("anna", { users: ["cara", "dan"], groups: ["Doctors"] }));
    house.clock += 60_000;
  });
  afterEach(() => house.close());

  const leave = async (who: UserId) => {
    await house.event({
      room,
      sender: who,
      type: "m.room.member",
      stateKey: who,
      content: { membership: "leave" },
    });
    house.clock += 1_000;
  };
  const shutDown = () =>
    house.database.transaction((tx) => takeBackLeaves(house.dependencies, tx, group, house.clock));
  const users = async () => (await house.group(group)).users;

  it("is not an edit once Whisper is out of the room", async () => {
    await leave(SETTINGS.bot);
    await leave(id("cara"));
    expect(await users()).to.deep.equal(["anna", "cara", "dan"]);
  });

  it("is undone once for people who left before Whisper, and not for members through a group", async () => {
    for (const who of ["cara", "ben", "anna"]) await leave(id(who));
    expect(await users()).to.deep.equal(["dan"]);
    await shutDown();
    expect(await users()).to.deep.equal(["anna", "cara", "dan"]);
    await house.edit("anna", group, { remove: { users: ["cara"] } });
    await shutDown();
    expect(await users()).to.deep.equal(["anna", "dan"]);
  });

  it("stands if it was long before, or the person was removed since", async () => {
    await leave(id("cara"));
    house.clock += 10 * 60_000;
    expect(await leftLately(house.database, group, house.clock)).to.equal(false);
    await leave(id("dan"));
    expect(await leftLately(house.database, group, house.clock)).to.equal(true);
    await house.edit("anna", group, { remove: { users: ["dan"] } });
    await shutDown();
    expect(await users()).to.deep.equal(["anna"]);
  });
});
