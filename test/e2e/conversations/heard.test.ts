import { isDeepStrictEqual } from "node:util";
import { expect } from "chai";
import { NotificationCountType, type Room } from "matrix-js-sdk";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf } from "../../../dev/clients/room-events.ts";
import { noticeWithButtons } from "../../support/stack/arrival-room.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putBooking, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

const notifications = z.object({
  notifications: z.array(
    z.object({
      room_id: z.string(),
      actions: z.array(z.unknown()),
      event: z.object({ type: z.string(), content: z.record(z.string(), z.unknown()) }),
    }),
  ),
});

const SOUND = { set_tweak: "sound", value: "default" };

describe("What is sent to a person", function () {
  this.timeout(180_000);
  let stack: TestStack;
  before(async () => {
    stack = await sharedStack();
  });

  const pairOf = (person: Person): Room | undefined =>
    person.rooms().find((room) => conversationOf(room)?.kind === "individual");
  const badge = (room: Room): number => room.getUnreadNotificationCount(NotificationCountType.Total) ?? 0;
  const heard = async (person: Person, room: string) => {
    const { body } = await person.request("GET", "/_matrix/client/v3/notifications?limit=50");
    return notifications.parse(body).notifications.filter(({ room_id }) => room_id === room);
  };

  for (const round of [1, 2, 3])
    it(`is counted once and makes a sound: a doctor's first reply to a receptionist (${round})`, async () => {
      const [reception, jones] = [unique("mia"), unique("dr.jones")];
      const receptionist = await hire(stack, reception);
      const doctor = await hire(stack, jones, { doctor: true });
      await settled(stack);
      const booking = unique("b");
      await putBooking(stack, booking, { doctor: jones, changed_by: reception });
      const { room, notice } = await noticeWithButtons(doctor, booking);
      const reply = { msgtype: "m.text" as const, body: "Five minutes" };
      await doctor.request(
        "PUT",
        `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${unique("t")}`,
        { ...reply, "m.relates_to": { "m.in_reply_to": { event_id: notice } } },
      );
      const seen = await receptionist.waitForText(/Five minutes/, undefined, 30_000);
      const pair = pairOf(receptionist);
      expect(pair?.roomId).to.equal(seen.getRoomId());
      await settled(stack);
      await receptionist.until("the badge to be 1", () => pair && badge(pair) === 1);
      const [first, ...others] = await heard(receptionist, pair?.roomId ?? "");
      expect(others).to.deep.equal([]);
      expect(first?.actions).to.deep.include(SOUND);
    });

  it("makes a sound in a conversation that Whisper is in, and what is deleted makes none", async () => {
    const [one, other] = [unique("ben"), unique("ana")];
    const [ben, ana] = [await hire(stack, one), await hire(stack, other)];
    const { room } = await openConversation(stack, one, { users: [other] });
    await settled(stack);
    await ana.waitForRoom("the conversation", (each) => each.roomId === room);
    await ben.waitForRoom("the conversation", (each) => each.roomId === room);
    await ben.client.sendTextMessage(room, "Lunch?");
    await ben.client.redactEvent(room, (await ben.client.sendTextMessage(room, "Wrong")).event_id);
    await ana.waitForText("Lunch?", room);
    await settled(stack);
    await ana.until(
      "the badge to be 1",
      () => badge(ana.client.getRoom(room) ?? expect.fail("no room")) === 1,
    );
    const [first, ...others] = await heard(ana, room);
    expect(others).to.deep.equal([]);
    expect(first?.event.content.body).to.equal("Lunch?");
    expect(first?.actions).to.deep.include(SOUND);
  });

  const poll = { question: { "m.text": [{ body: "Friday?" }] }, answers: [] };
  for (const [type, content] of [
    ["m.sticker", { body: "Thanks", url: "mxc://localhost/thanks", info: {} }],
    ["m.poll.start", { "m.poll": poll }],
    ["org.matrix.msc3381.poll.start", { "org.matrix.msc3381.poll.start": poll }],
  ] as const)
    it(`is counted, with a sound between two, when it is not a message: ${type}`, async () => {
      const [one, other, third, nurses] = [unique("gus"), unique("hana"), unique("ian"), unique("Nurses")];
      await putUser(stack, third);
      const [gus, hana] = [await hire(stack, one), await hire(stack, other)];
      await putGroup(stack, nurses, [one, other, third]);
      const { room: group } = await openConversation(stack, one, { security_groups: [nurses] });
      const { room: pair } = await openConversation(stack, one, { users: [other] });
      await settled(stack);
      for (const room of [group, pair]) {
        await gus.waitForRoom("the room", (each) => each.roomId === room);
        const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/${type}/${unique("t")}`;
        expect((await gus.request("PUT", path, content)).status).to.equal(200);
        await hana.until("the badge to be 1", () => {
          const at = hana.client.getRoom(room);
          return at !== null && badge(at) === 1;
        });
        const [first, ...others] = await heard(hana, room);
        expect(others).to.deep.equal([]);
        expect(first?.actions.some((action) => isDeepStrictEqual(action, SOUND))).to.equal(room === pair);
      }
    });

  it("is counted once when it is the first in its room: an alert, a group's message, a custom group's", async () => {
    const [one, other, nurses] = [unique("eva"), unique("finn"), unique("Nurses")];
    await putUser(stack, one);
    const finn = await hire(stack, other);
    await putGroup(stack, nurses, [one, other]);
    const { room: group } = await openConversation(stack, one, { security_groups: [nurses] });
    const { room: custom } = await openConversation(stack, one, { users: [other] }, unique("Theatre"));
    await settled(stack);
    const eva = await stack.signIn(one);
    for (const room of [group, custom]) {
      await eva.waitForRoom("the room", (each) => each.roomId === room);
      await eva.sendText(room, `First in ${room}`);
      await finn.waitForText(`First in ${room}`, room);
      await settled(stack);
      expect((await heard(finn, room)).map(({ event }) => event.content.body)).to.deep.equal([
        `First in ${room}`,
      ]);
    }
    const text = unique("Water is off");
    await mustCallApi(stack, "POST", "/api/v1/alerts", { text });
    const { roomId } = await roomOfKind(finn, "alerts");
    await finn.waitForText(text, roomId);
    expect((await heard(finn, roomId)).filter(({ event }) => event.type === "m.room.member")).to.deep.equal(
      [],
    );
  });
});
