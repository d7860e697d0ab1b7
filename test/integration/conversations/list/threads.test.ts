import { expect } from "chai";
import { activityEvents } from "../../../../src/conversations/list/activity-events.ts";
import { archiveQuiet } from "../../../../src/conversations/list/archive.ts";
import { forgetReadMessages } from "../../../../src/conversations/list/read-messages.ts";
import { unreadRooms } from "../../../../src/conversations/list/unread.ts";
import { storeReceipts } from "../../../../src/messages/receipts.ts";
import type { EventId, RoomId } from "../../../../src/policy/model.ts";
import { DAY, type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

describe("what is unread in threads", () => {
  let house: House;
  let room: RoomId;
  let root: EventId;

  beforeEach(async () => {
    house = await openHouse(() => [activityEvents(SETTINGS)]);
    await house.staff({ users: ["anna", "ben"] });
    const { id: pair } = await house.opened("anna", { users: ["ben"] });
    room = await house.giveRoom(pair, [id("anna"), id("ben")]);
    root = await house.say(room, "ben", "About Tuesday");
  });
  afterEach(() => house.close());

  const sayIn = (thread: EventId, username: string) =>
    house.event({
      room,
      sender: id(username),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: "In a thread",
        "m.relates_to": { rel_type: "m.thread", event_id: thread },
      },
    });
  /** A receipt as Element sends it: for a thread, the main timeline (`main`), or the whole room (undefined). */
  const read = (username: string, event: EventId, thread?: unknown) =>
    storeReceipts(house.database, [
      {
        type: "m.receipt",
        room_id: room,
        content: {
          [event]: {
            "m.read": {
              [id(username)]: { ts: house.clock, ...(thread === undefined ? {} : { thread_id: thread }) },
            },
          },
        },
      },
    ]);
  const unread = async (username: string) =>
    (await house.list(username, true)).find((each) => each.room_id === room)?.unread;
  const archived = async (username: string) => {
    house.clock += 3 * DAY;
    await archiveQuiet(house.database, house.dependencies);
    return (await house.list(username, true)).find((each) => each.room_id === room)?.archived;
  };
  const waitsFor = async (username: string) =>
    (await unreadRooms(house.database, 10)).some((each) => each.user_id === id(username));

  it("is no notice, which no client counts either", async () => {
    await house.read(room, "anna", root);
    const notice = { msgtype: "m.notice", body: "Not sent as an SMS." };
    const thread = { rel_type: "m.thread", event_id: root };
    for (const sender of [SETTINGS.bot, id("ben")]) {
      await house.event({ room, sender, type: "m.room.message", content: notice });
      await house.event({
        room,
        sender,
        type: "m.room.message",
        content: { ...notice, "m.relates_to": thread },
      });
    }
    expect(await unread("anna")).to.equal(0);
    expect(await waitsFor("anna")).to.equal(false);
    expect(await archived("anna")).to.equal(true);
  });

  it("is read by a receipt on a notice below it", async () => {
    await house.say(room, "ben", "Above");
    await house.event({
      room,
      sender: SETTINGS.bot,
      type: "m.room.message",
      content: { msgtype: "m.notice", body: "x" },
      eventId: "$notice",
    });
    await read("anna", "$notice" as EventId, "main");
    expect(await unread("anna")).to.equal(0);
  });

  it("stays unread when the main timeline is read, however far, and keeps the conversation in the list", async () => {
    await sayIn(root, "ben");
    const last = await house.say(room, "ben", "Below it");
    await read("anna", last, "main");
    expect(await unread("anna")).to.equal(1);
    expect(await waitsFor("anna")).to.equal(true);
    expect(await archived("anna")).to.equal(false);
  });

  it("is read by a receipt of its thread, which reads nothing else", async () => {
    const reply = await sayIn(root, "ben");
    const other = await house.say(room, "ben", "Another matter");
    const elsewhere = await sayIn(other, "ben");
    await read("anna", reply, root);
    expect(await unread("anna")).to.equal(3);
    await read("anna", other, "main");
    expect(await unread("anna")).to.equal(1);
    await read("anna", elsewhere, other);
    expect(await unread("anna")).to.equal(0);
    expect(await waitsFor("anna")).to.equal(false);
    expect(await archived("anna")).to.equal(true);
  });

  for (const thread of [undefined, 7, null]) {
    it(`is read by a receipt that names no thread: ${JSON.stringify(thread)}`, async () => {
      await sayIn(root, "ben");
      const last = await house.say(room, "ben");
      await read("anna", last, thread);
      expect(await unread("anna")).to.equal(0);
    });
  }

  it("is read by whoever writes in the thread, and writing there reads nothing else", async () => {
    await sayIn(root, "ben");
    await sayIn(root, "anna");
    expect(await unread("anna")).to.equal(1);
    await house.say(room, "anna");
    expect(await unread("anna")).to.equal(0);
    await sayIn(root, "ben");
    await house.say(room, "anna");
    expect(await unread("anna")).to.equal(1);
  });

  it("is forgotten once everybody has read it, and not before", async () => {
    const stored = async () =>
      (await house.database.query<{ event_id: string }>("SELECT event_id FROM room_messages")).rows.map(
        ({ event_id }) => event_id,
      );
    const reply = await sayIn(root, "ben");
    const last = await house.say(room, "ben");
    await read("anna", last, "main");
    const end = "9223372036854775807";
    await forgetReadMessages(house.database, SETTINGS, end);
    expect(await stored()).to.deep.equal([reply]);
    expect(await unread("anna")).to.equal(1);
    await read("anna", reply, root);
    await forgetReadMessages(house.database, SETTINGS, end);
    expect(await stored()).to.deep.equal([]);
  });
});
