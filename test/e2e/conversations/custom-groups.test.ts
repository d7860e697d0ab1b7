import { expect } from "chai";
import { Preset, type Room } from "matrix-js-sdk";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf, refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import {
  editConversation,
  membersOf,
  openConversation,
  showConversation,
} from "../../support/stack/conversation-api.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, historyOf, putGroup, roomOfKind, textsOf, unique } from "../../support/stack/staff.ts";

describe("Custom Group Conversations", function () {
  this.timeout(60_000);
  let stack: TestStack;
  const [anna, ben, cara, dan] = [unique("anna"), unique("ben"), unique("cara"), unique("dan")];
  const doctors = unique("Doctors");
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;
  let danAt: Person;

  const handle = (group: string) => `@ht_grp_${group.toLowerCase()}:localhost`;
  const customHandle = (id: string) => `@ht_grp_custom+${id}:localhost`;
  const kindOf = (room: Room) => conversationOf(room)?.kind;
  const inRoom = (person: Person, room: string) =>
    person.waitForRoom("the group", (each) => each.roomId === room);
  const said = (texts: readonly string[]) => texts.map((text) => text.slice(text.indexOf(" ") + 1));

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
    [annaAt, benAt, caraAt, danAt] = (await Promise.all(
      [anna, ben, cara, dan].map((username) => hire(stack, username)),
    )) as [Person, Person, Person, Person];
    await putGroup(stack, doctors, [ben, cara]);
    await roomOfKind(benAt, "group", doctors);
  });

  /** Makes a group as a client does, by inviting people and handles into a new room. */
  async function makeGroup(invite: readonly string[], name?: string): Promise<{ room: string; id: string }> {
    const room = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      invite: [...invite],
      ...(name === undefined ? {} : { name }),
    });
    const adopted = await annaAt.until("the group to be Whisper's", () => {
      const found = annaAt.rooms().find((each) => each.roomId === room);
      return found !== undefined && kindOf(found) === "custom" ? found : undefined;
    });
    return { room, id: conversationOf(adopted)?.id ?? "" };
  }

  it("create custom groups with any combination of users, security groups, or other message groups, in a client", async () => {
    const inner = await makeGroup([danAt.userId, benAt.userId], "Inner");
    const { room, id } = await makeGroup(
      [danAt.userId, handle(doctors), customHandle(inner.id)],
      unique("Outer"),
    );
    for (const person of [benAt, caraAt, danAt]) await inRoom(person, room);
    expect(await membersOf(stack, id)).to.deep.equal([anna, ben, cara, dan].sort());
    const paths = (await showConversation(stack, id)).members.find(
      (member) => member.username === ben,
    )?.paths;
    expect(paths?.map((path) => path.map((piece) => piece.name))).to.deep.equal([[doctors], ["Inner"]]);
  });

  it("the same selection opened again is the same group", async () => {
    const { room, id } = await makeGroup([danAt.userId, benAt.userId, caraAt.userId]);
    const again = await openConversation(stack, anna, { users: [cara, ben, dan] });
    expect(again).to.include({ id, room, created: false });
    const second = await annaAt.createRoom({
      preset: Preset.PrivateChat,
      invite: [danAt.userId, benAt.userId, caraAt.userId],
    });
    expect(second).to.equal(room);
    expect(annaAt.client.getRoom(room)?.name).to.match(/^Anna \S+, Ben \S+ and 2 others$/);
  });

  it("new members added to the group will receive full conversation history, while removed members lose access to the conversation and its history", async () => {
    const { room, id } = await makeGroup([benAt.userId], unique("History"));
    await inRoom(benAt, room);
    await annaAt.sendText(room, "Said before Dan came.");
    await annaAt.invite(room, danAt.userId);
    await inRoom(danAt, room);
    expect(said(await textsOf(danAt, room))).to.deep.equal(["Said before Dan came."]);
    expect(await membersOf(stack, id)).to.deep.equal([anna, ben, dan].sort());

    await annaAt.kick(room, danAt.userId);
    await danAt.waitUntilRoomIsGone(room);
    await eventually("the group's record to follow", async () => !(await membersOf(stack, id)).includes(dan));
    await eventually("the history to be closed to him", () =>
      historyOf(danAt, room).then(
        () => false,
        (error: unknown) => /answered (403|404)/.test(String(error)),
      ),
    );
  });

  it("rename the group, in a client and through the API", async () => {
    const { room, id } = await makeGroup([benAt.userId, danAt.userId], unique("Old name"));
    await inRoom(benAt, room);
    await annaAt.setRoomName(room, "Theatre list");
    await eventually(
      "the record to follow",
      async () => (await showConversation(stack, id)).name === "Theatre list",
    );
    await eventually("the handle to follow", async () => {
      const found = await benAt.searchPeople("Theatre list");
      return found.some((each) => each.userId === customHandle(id));
    });
    await editConversation(stack, id, { as: ben, name: "Theatre list, Monday" });
    await danAt.waitForRoom(
      "the new name",
      (each) => each.roomId === room && each.name === "Theatre list, Monday",
    );
  });

  it("add/remove users, security groups, or message groups: a group by its handle", async () => {
    const { room, id } = await makeGroup([danAt.userId], unique("With doctors"));
    await annaAt.invite(room, handle(doctors));
    for (const person of [benAt, caraAt]) await inRoom(person, room);
    const joined = annaAt.client.getRoom(room)?.getMember(handle(doctors))?.membership;
    expect(joined).to.equal("join");
    await annaAt.kick(room, handle(doctors));
    for (const person of [benAt, caraAt]) await person.waitUntilRoomIsGone(room);
    expect(await membersOf(stack, id)).to.not.include(ben);
  });

  it("put back whom a nested group holds, and say why", async () => {
    const { room, id } = await makeGroup([danAt.userId, benAt.userId, handle(doctors)], unique("Nested"));
    for (const person of [benAt, caraAt]) await inRoom(person, room);
    await annaAt.kick(room, benAt.userId);
    await annaAt.waitForText(/is still a member through Doctors/);
    const answer = await editConversation(stack, id, { as: anna, remove: { users: [ben] } });
    expect(answer.status).to.equal(200);
    expect(JSON.stringify(answer.body)).to.include("is still a member through Doctors");
    await benAt.until("to be back", () => benAt.rooms().some((each) => each.roomId === room));
    await caraAt.leave(room);
    await caraAt.waitForText(/You are still a member of Nested/);
    await inRoom(caraAt, room);
  });

  it("take out an equal for any member, by Whisper, and say why somebody stays", async () => {
    const { room } = await makeGroup([benAt.userId, caraAt.userId, danAt.userId], unique("Equals"));
    for (const person of [benAt, caraAt, danAt]) await inRoom(person, room);
    await caraAt.kick(room, danAt.userId);
    await danAt.waitUntilRoomIsGone(room);
    await caraAt.request(
      "PUT",
      `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/state/m.room.member/${benAt.userId}`,
      {
        membership: "leave",
      },
    );
    await benAt.waitUntilRoomIsGone(room);
    const refusal = await refusalOf(danAt.kick(room, caraAt.userId));
    expect(refusal.status).to.equal(403);
  });

  it("end direct membership when somebody leaves by themselves", async () => {
    const { room, id } = await makeGroup([danAt.userId, benAt.userId], unique("To leave"));
    await inRoom(danAt, room);
    await danAt.leave(room);
    await eventually("the record to follow", async () => !(await membersOf(stack, id)).includes(dan));
    await annaAt.sendText(room, "Dan has left us.");
    expect(danAt.rooms().some((each) => each.roomId === room)).to.equal(false);
  });

  it("follow the directory live, through every nesting", async () => {
    const { id: inner } = await makeGroup([handle(doctors), danAt.userId], unique("Inner follows"));
    const { room } = await makeGroup([customHandle(inner), danAt.userId], unique("Outer follows"));
    await inRoom(caraAt, room);
    await putGroup(stack, doctors, [ben]);
    await caraAt.waitUntilRoomIsGone(room);
    await putGroup(stack, doctors, [ben, cara]);
    await inRoom(caraAt, room);
  });

  it("refuse a circle, a stranger, and whoever is not a member, with a sentence", async () => {
    const { room, id } = await makeGroup([benAt.userId], unique("Ring"));
    const outer = await makeGroup([customHandle(id), danAt.userId], unique("Around"));
    await inRoom(danAt, outer.room);
    const circle = await refusalOf(annaAt.invite(room, customHandle(outer.id)));
    expect(circle.text).to.match(/already contains this group/);
    const stranger = await refusalOf(annaAt.invite(room, "@nobody:elsewhere.example"));
    expect(stranger.status).to.equal(403);
    const outsider = await editConversation(stack, id, { as: cara, name: "Mine" });
    expect(outsider.status).to.equal(403);
    expect(outsider.body).to.have.property(
      "detail",
      "Only members may change this group. Ask one of them to add you.",
    );
  });
});
