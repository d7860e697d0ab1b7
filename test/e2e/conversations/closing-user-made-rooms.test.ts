import { expect } from "chai";
import { Preset } from "matrix-js-sdk";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { roomAuditReport } from "../../support/stack/room-audit.ts";
import { hirePastTheDoor } from "../../support/stack/room-makers.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, unique } from "../../support/stack/staff.ts";

describe("What becomes of rooms that are made past the front door", function () {
  this.timeout(90_000);
  let stack: TestStack;
  const [anna, ben] = [unique("anna"), unique("ben")];
  let annaAt: Person;
  let benAt: Person;
  const start = (username: string) => hirePastTheDoor(stack, username);

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    [annaAt, benAt] = [await start(anna), await start(ben)];
  });

  it("is as it ought to be, also when the first message came at once", async () => {
    for (const text of ["The first message.", undefined]) {
      const dora = await start(unique("dora"));
      const room = await annaAt.createDirect(dora.userId, text);
      await settled(stack);
      expect((await roomAuditReport(stack, { room_ids: [room] })).rooms).to.deep.equal([]);
    }
  });

  it("for somebody who never receives is nothing within a minute, since they are refused", async () => {
    const shy = unique("shy");
    const shyAt = await start(shy);
    await mustCallApi(stack, "PATCH", `/api/v1/users/${shy}/preferences`, { never_receive: true });
    const all = async () =>
      z
        .object({ rooms: z.array(z.object({ room_id: z.string(), joined_local_members: z.number() })) })
        .parse(await atSynapse(stack, "GET", "/_synapse/admin/v1/rooms?limit=1000"))
        .rooms.flatMap((room) => (room.joined_local_members > 0 ? [room.room_id] : []));
    await settled(stack);
    const before = await all();
    await refusalOf(
      annaAt.createRoom({ preset: Preset.TrustedPrivateChat, is_direct: true, invite: [shyAt.userId] }),
    );
    expect((await all()).length).to.equal(before.length + 1);
    await eventually("it to go", async () => (await all()).length === before.length, 60_000);
  });

  it("with nobody else in it is nothing within a minute, and its maker is told; through the door it waits", async function () {
    this.timeout(120_000);
    const dora = unique("dora");
    const doraAt = await start(dora);
    const elly = await hire(stack, unique("elly"));
    const options = { preset: Preset.PrivateChat, name: "For myself" };
    const [past, through] = [await doraAt.createRoom(options), await elly.createRoom(options)];
    await doraAt.waitForText(/closed the room you made/, undefined, 75_000);
    const out = await doraAt.waitForEvent(
      "being put out",
      (event) => event.getRoomId() === past && event.getContent().membership === "leave",
      30_000,
    );
    expect(out.getStateKey()).to.equal(doraAt.userId);
    // Of the same age: its maker may still invite someone.
    expect(elly.client.getRoom(through)?.getMyMembership()).to.equal("join");
  });

  it("says where it goes on, when they are led elsewhere", async () => {
    const dora = unique("dora");
    const doraAt = await start(dora);
    const { room } = await openConversation(stack, ben, { users: [dora] });
    await doraAt.waitForRoom("the conversation", (each) => each.roomId === room);
    const made = await doraAt.createDirect(benAt.userId, "From Dora, again.");
    await benAt.waitForText("From Dora, again.", room, 30_000);
    const out = await doraAt.waitForEvent(
      "being put out",
      (event) =>
        event.getRoomId() === made &&
        event.getStateKey() === doraAt.userId &&
        event.getContent().membership === "leave",
      30_000,
    );
    expect(out.getContent().reason).to.match(/^Goes on in your chat with Ben /);
    const at = doraAt.seen.findIndex(
      (event) => event.getRoomId() === made && event.getType() === "m.room.tombstone",
    );
    expect(at).to.be.within(0, doraAt.seen.indexOf(out));
  });
});
