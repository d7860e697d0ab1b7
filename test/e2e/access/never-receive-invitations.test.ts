/**
 * An invitation shows its reader the room's name, topic and reason. None of it may reach someone who never receives.
 */
import { expect } from "chai";
import { Preset } from "matrix-js-sdk";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf, refusalOf } from "../../../dev/clients/room-events.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, unique } from "../../support/stack/staff.ts";

describe("Invitations of somebody who never receives", function () {
  this.timeout(90_000);
  const TEXT = unique("please-ring-me");
  let stack: TestStack;
  let annaAt: Person;
  /** Directly at Synapse, as anyone who finds a way round the gate. */
  let annaPast: Person;
  let benAt: Person;
  let caraAt: Person;
  const [anna, ben, cara, solo] = [unique("anna"), unique("ben"), unique("cara"), unique("solo")];

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    [annaAt, benAt, caraAt] = [await hire(stack, anna), await hire(stack, ben), await hire(stack, cara)];
    annaPast = await stack.signIn(anna, { withoutSync: true, pastTheGate: true });
    await putGroup(stack, solo, [ben]);
    await mustCallApi(stack, "PATCH", `/api/v1/users/${ben}/preferences`, { never_receive: true });
  });

  /** Whatever Ben's clients are told, from now on and from the beginning, without the gate. */
  const expectNothingReached = async () => {
    await settled(stack);
    const { body } = await benAt.request("GET", "/_matrix/client/v3/sync?timeout=0");
    expect(JSON.stringify(body)).to.not.contain(TEXT);
    expect(JSON.stringify(benAt.seen.map((event) => event.event))).to.not.contain(TEXT);
  };
  const refusedFor = async (asked: Promise<unknown>) => {
    const refusal = await refusalOf(asked);
    expect(refusal.status, refusal.text).to.equal(403);
    return refusal.text;
  };
  const invite = (who: Person, room: string, reason?: string) =>
    who.request("POST", `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/invite`, {
      user_id: benAt.userId,
      ...(reason === undefined ? {} : { reason }),
    });

  for (const way of ["through the gate", "straight at Synapse"] as const) {
    describe(way, () => {
      const who = () => (way === "through the gate" ? annaAt : annaPast);

      it("are refused in a room for two, whatever it is called", async () => {
        for (const options of [
          { preset: Preset.PrivateChat, name: TEXT, topic: TEXT },
          { preset: Preset.TrustedPrivateChat, is_direct: true, name: TEXT },
          { preset: Preset.PublicChat, name: TEXT },
          { creation_content: { type: "m.space" }, name: TEXT, topic: TEXT },
        ]) {
          const sentence = await refusedFor(who().createRoom({ ...options, invite: [benAt.userId] }));
          expect(sentence).to.match(/has chosen not to receive direct messages/);
          // Past the gate, which makes no public room and no space.
          const room = await annaPast.createRoom(options);
          for (let time = 0; time < 2; time++) expect((await invite(who(), room, TEXT)).status).to.equal(403);
        }
        await expectNothingReached();
      });

      it("are refused beside an invented third in the power levels, or one who has no access", async () => {
        const gone = unique("gone");
        await hire(stack, gone, {}, { withoutSync: true });
        await mustCallApi(stack, "PUT", `/api/v1/users/${gone}`, {
          username: gone,
          name: "Gone",
          active: false,
        });
        for (const third of [`@ht_${unique("nobody")}:${stack.serverName}`, stack.userId(gone)]) {
          const room = await who().createRoom({
            preset: Preset.PrivateChat,
            name: TEXT,
            power_level_content_override: { users: { [annaAt.userId]: 100, [third]: 50 } },
          });
          expect((await invite(who(), room)).status).to.equal(403);
        }
        await expectNothingReached();
      });

      it("are refused as initial state, as are those of people who may not be in any room", async () => {
        for (const user of [benAt.userId, `@ht_${unique("gone")}:localhost`, "@eve:elsewhere.example"]) {
          await refusedFor(
            who().createRoom({
              name: TEXT,
              initial_state: [
                { type: "m.room.member", state_key: user, content: { membership: "invite", reason: TEXT } },
              ],
            }),
          );
        }
        await expectNothingReached();
      });

      it("are refused in a custom group that has shrunk to whoever invites", async () => {
        const { room } = await openConversation(stack, anna, { users: [cara] }, unique("Shrinks"));
        await annaAt.waitForRoom("the group", (each) => each.roomId === room);
        await caraAt.waitForRoom("the group", (each) => each.roomId === room);
        await caraAt.leave(room);
        await settled(stack);
        await annaAt.sendText(room, TEXT);
        for (const user of [benAt.userId, stack.userId(`grp_${solo}`)]) {
          const answer = await who().request(
            "POST",
            `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/invite`,
            { user_id: user },
          );
          expect(answer.status, user).to.equal(403);
        }
        await expectNothingReached();
      });
    });
  }

  it("wait for the others in a room that is made with all of them: Ben is in the group, and was never invited", async () => {
    const name = unique("Theatre list");
    const room = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      name,
      invite: [benAt.userId, caraAt.userId],
    });
    for (const person of [benAt, caraAt]) {
      await person.waitForRoom(
        "the group",
        (each) => each.roomId === room && conversationOf(each)?.kind === "custom",
        30_000,
      );
    }
    const invitations = benAt.seen.filter(
      (event) =>
        event.getRoomId() === room &&
        event.getType() === "m.room.member" &&
        event.getSender() === annaAt.userId &&
        event.getStateKey() === benAt.userId,
    );
    expect(invitations).to.deep.equal([]);
  });

  it("are taken one after another, once others are invited", async () => {
    const room = await annaAt.createRoom({ preset: Preset.PrivateChat, name: unique("One by one") });
    await annaAt.invite(room, caraAt.userId);
    expect((await invite(annaAt, room)).status).to.equal(200);
    for (const person of [benAt, caraAt])
      await person.waitForRoom("the group", (each) => each.roomId === room, 30_000);
  });

  it("by a group handle that holds him and others make a group with all of them", async () => {
    const group = unique("Both");
    await putGroup(stack, group, [ben, cara]);
    const handle = stack.userId(`grp_${group}`);
    const room = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      name: unique("By handle"),
      invite: [handle],
    });
    for (const person of [benAt, caraAt])
      await person.waitForRoom("the group", (each) => each.roomId === room, 30_000);
  });
});
