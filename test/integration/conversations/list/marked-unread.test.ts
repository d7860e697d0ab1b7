import { expect } from "chai";
import { activityEvents } from "../../../../src/conversations/list/activity-events.ts";
import { archiveQuiet } from "../../../../src/conversations/list/archive.ts";
import { markUnread } from "../../../../src/conversations/list/views.ts";
import type { EventId, RoomId } from "../../../../src/policy/model.ts";
import { DAY, type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

describe("a conversation marked as unread", () => {
  let house: House;
  let room: RoomId;
  let last: EventId;

  beforeEach(async () => {
    house = await openHouse(() => [activityEvents(SETTINGS)]);
    await house.staff({ users: ["anna", "ben"] });
    const { id: pair } = await house.opened("anna", { users: ["ben"] });
    room = await house.giveRoom(pair, [id("anna"), id("ben")]);
    last = await house.say(room, "ben");
    await house.read(room, "anna", last);
  });
  afterEach(() => house.close());

  const mark = (username: string, unread: boolean, where = room) =>
    markUnread(house.database, id(username), where, unread);
  const entry = async (username: string) => {
    const { unread, archived } =
      (await house.list(username, true)).find((each) => each.room_id === room) ?? {};
    return { unread, archived };
  };
  const threeDaysLater = async () => {
    house.clock += 3 * DAY;
    await archiveQuiet(house.database, house.dependencies);
  };

  it("counts as unread, for that person alone, until the mark is taken off", async () => {
    await mark("anna", true);
    expect(await entry("anna")).to.deep.equal({ unread: 1, archived: false });
    expect((await entry("ben")).unread).to.equal(0);
    await mark("anna", false);
    expect((await entry("anna")).unread).to.equal(0);
  });

  it("adds nothing to what is unread anyway", async () => {
    await house.say(room, "ben");
    await house.say(room, "ben");
    await mark("anna", true);
    expect((await entry("anna")).unread).to.equal(2);
  });

  it("stays in the list after three days, and leaves it once the mark is off", async () => {
    await mark("anna", true);
    await threeDaysLater();
    expect((await entry("anna")).archived).to.equal(false);
    await mark("anna", false);
    await archiveQuiet(house.database, house.dependencies);
    expect((await entry("anna")).archived).to.equal(true);
  });

  it("comes back into the list, also in clients", async () => {
    await threeDaysLater();
    await house.takeJobs("tags");
    await house.database.query("UPDATE room_views SET tagged = archived");
    await mark("anna", true);
    expect(await entry("anna")).to.deep.equal({ unread: 1, archived: false });
    expect(await house.takeJobs("tags")).to.deep.equal([{ room_id: room }]);
  });

  it("is nothing where there is no conversation", async () => {
    await mark("anna", true, "!elsewhere:practice.test" as RoomId);
    const views = await house.database.query("SELECT FROM room_views WHERE marked_unread");
    expect(views.rows).to.deep.equal([]);
  });
});
