import { expect } from "chai";
import {
  HomeserverAway,
  type HomeserverCall,
  MatrixRefused,
} from "../../../../src/appservice/homeserver/homeserver.ts";
import { findLostReceipts } from "../../../../src/appservice/intake/lost-receipts.ts";
import { activityEvents } from "../../../../src/conversations/list/activity-events.ts";
import type { EventId, RoomId } from "../../../../src/policy/model.ts";
import { type House, handle, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

describe("receipts that Synapse did not keep for Whisper", () => {
  let house: House;
  let asked: Array<string | undefined>;
  let answer: (call: HomeserverCall) => unknown;

  beforeEach(async () => {
    house = await openHouse(() => [activityEvents(SETTINGS)]);
    asked = [];
    answer = () => ({ receipts: [] });
    await house.staff({ users: ["anna", "ben", "cara"], groups: { Nurses: ["ben"] } });
  });
  afterEach(() => house.close());

  const find = () =>
    findLostReceipts({
      database: house.database,
      settings: SETTINGS,
      homeserver: {
        call: async (call) => {
          asked.push(call.as);
          return answer(call) as never;
        },
      },
    });
  const roomOf = async (people: readonly string[]): Promise<RoomId> => {
    const { id: conversation } = await house.opened(
      "anna",
      { users: ["ben", "cara"] },
      `Group of ${people.length}`,
    );
    return house.giveRoom(conversation, [...people.map(id), handle({ securityGroup: "Nurses" })]);
  };
  const unreadBy = async (username: string, room: RoomId) =>
    (await house.list(username, true)).find((each) => each.room_id === room)?.unread;
  const receipts = (room: RoomId, event: EventId, username: string) => [
    {
      type: "m.receipt",
      room_id: room,
      content: { [event]: { "m.read": { [id(username)]: { ts: house.clock } } } },
    },
  ];

  it("are requested once for each room, and then as people who seem not to have read it", async () => {
    const room = await roomOf(["anna", "ben", "cara"]);
    const said = await house.say(room, "anna");
    answer = ({ as }) => ({ receipts: as === undefined ? receipts(room, said, "ben") : [] });
    await find();
    expect(asked).to.deep.equal([undefined, id("cara")]);
    expect([await unreadBy("ben", room), await unreadBy("cara", room)]).to.deep.equal([0, 1]);
    answer = () => ({ receipts: receipts(room, said, "cara") });
    await find();
    expect(await unreadBy("cara", room)).to.equal(0);
    asked = [];
    await find();
    expect(asked, "all is read").to.deep.equal([]);
  });

  it("are requested as no one if that would be many calls", async () => {
    const room = await roomOf(["anna", ...Array.from({ length: 60 }, (_, index) => `nurse.${index}`)]);
    await house.say(room, "anna");
    await find();
    expect(asked).to.deep.equal([undefined]);
  });

  it("skip people whom Synapse refuses, and wait while Synapse is down", async () => {
    const room = await roomOf(["anna", "ben", "cara"]);
    await house.say(room, "anna");
    answer = (call) => {
      throw new MatrixRefused(call, 401, "M_USER_LOCKED", "");
    };
    await find();
    expect(asked).to.have.members([undefined, id("ben"), id("cara")]);
    answer = (call) => {
      throw new HomeserverAway(call, "away");
    };
    expect(
      await find().then(
        () => null,
        (error) => error,
      ),
    ).to.be.instanceOf(HomeserverAway);
  });
});
