/** Someone leaves, and Whisper has not heard yet. They no longer count as company. */
import { expect } from "chai";
import pg from "pg";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf, refusalOf } from "../../../dev/clients/room-events.ts";
import { type Choice, editConversation, openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, unique } from "../../support/stack/staff.ts";

describe("Whoever has just left a group", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const [ann, ben, shy] = [unique("ann"), unique("ben"), unique("shy")];
  const alone = unique("Ben alone");
  const handle = `@ht_grp_${alone.toLowerCase().replace(" ", "=20")}:localhost`;
  let annAt: Person;
  let benAt: Person;
  let shyAt: Person;

  before(async function () {
    this.timeout(240_000);
    stack = await sharedStack();
    [annAt, benAt, shyAt] = [await hire(stack, ann), await hire(stack, ben), await hire(stack, shy)];
    await putGroup(stack, alone, [ben]);
    await mustCallApi(stack, "PATCH", `/api/v1/users/${shy}/preferences`, { never_receive: true });
    await settled(stack);
  });

  /** While `work` runs, Whisper hears of nothing that changes a group: it takes one change after the other. */
  const unheard = async (work: () => Promise<void>) => {
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    try {
      await client.query("BEGIN; SELECT FROM directory_revision FOR UPDATE");
      await work();
    } finally {
      await client.end();
    }
  };

  const group = async (choice: Choice): Promise<string> => {
    const { room } = await openConversation(stack, ann, choice, unique("Lunch"));
    for (const each of [annAt, benAt, shyAt])
      await each.waitForRoom("the group", ({ roomId }) => roomId === room);
    await settled(stack);
    await annAt.sendText(room, "All three of us.");
    return room;
  };

  const ways: Array<[string, Choice, (room: string) => Promise<unknown>]> = [
    ["by themselves", { users: [ben, shy] }, (room) => benAt.leave(room)],
    [
      "because the writer puts them out",
      { users: [ben, shy] },
      (room) => annAt.client.kick(room, benAt.userId),
    ],
    [
      "because the writer puts their group out",
      { users: [shy], security_groups: [alone] },
      (room) => annAt.client.kick(room, handle),
    ],
  ];
  for (const [what, choice, leave] of ways)
    it(`${what}, is no company for somebody who never receives`, async () => {
      const room = await group(choice);
      const text = unique("Only for you");
      await unheard(async () => {
        await leave(room);
        for (const attempt of [
          () => annAt.sendText(room, text),
          () => annAt.setRoomName(room, text),
          () =>
            annAt.react(
              room,
              annAt.seen.findLast((event) => event.getRoomId() === room)?.getId() ?? "",
              text,
            ),
        ]) {
          const refusal = await refusalOf(attempt());
          expect(refusal.status).to.equal(403);
          expect(refusal.text).to.match(/Send it again in a moment/);
        }
      });
      await settled(stack);
      expect((await refusalOf(annAt.sendText(room, text))).text).to.match(/has chosen not to receive/);
      expect(shyAt.seen.some((event) => JSON.stringify(event.event).includes(text))).to.equal(false);
    });

  it("is none in a group that theirs is part of either", async () => {
    const inner = await openConversation(stack, ann, { users: [ben] }, unique("Inner"));
    await benAt.waitForRoom("the inner group", ({ roomId }) => roomId === inner.room);
    const room = await group({ users: [shy], custom_groups: [inner.id] });
    await unheard(async () => {
      await benAt.leave(inner.room);
      expect((await refusalOf(annAt.sendText(room, "Only for you."))).status).to.equal(403);
      expect((await refusalOf(annAt.setRoomName(inner.room, "Only for you."))).status).to.equal(403);
    });
    await settled(stack);
    expect(shyAt.seen.some((event) => bodyOf(event) === "Only for you.")).to.equal(false);
  });

  it("is company again as soon as they are back", async () => {
    const { id, room } = await openConversation(stack, ann, { users: [ben, shy] }, unique("Lunch"));
    await benAt.waitForRoom("the group", ({ roomId }) => roomId === room);
    await benAt.leave(room);
    await settled(stack);
    expect((await editConversation(stack, id, { as: ann, add: { users: [ben] } })).status).to.equal(204);
    await settled(stack);
    await annAt.sendText(room, "All three of us again.");
    await shyAt.waitForText("All three of us again.", room);
  });
});
