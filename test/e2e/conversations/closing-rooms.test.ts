import { expect } from "chai";
import { Preset } from "matrix-js-sdk";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { type ServerAdmin, serverAdmin } from "../../support/stack/server-admin.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, unique } from "../../support/stack/staff.ts";

const members = z.object({ members: z.array(z.string()) });

describe("A room that is given up", function () {
  this.timeout(120_000);
  let stack: TestStack;
  let admin: ServerAdmin;
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;

  const at = (room: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
  const administer = (room: string, what: string) =>
    `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/${what}`;
  const membersOf = async (room: string) =>
    members.parse(await atSynapse(stack, "GET", administer(room, "members"))).members;
  const everybodyOut = (room: string) =>
    eventually("everybody to be out", async () => (await membersOf(room)).length === 0 || undefined, 20_000);

  before(async function () {
    this.timeout(180_000);
    stack = await freshStack();
    [annaAt, benAt, caraAt] = [await hire(stack, anna), await hire(stack, ben), await hire(stack, cara)];
    admin = await serverAdmin(stack, "root");
  });
  after(() => stack?.stop());

  it("is closed to everybody, also when a server administrator made themselves its administrator", async () => {
    const group = unique("Team");
    await putGroup(stack, group, [anna, ben, cara]);
    const { roomId: old } = await roomOfKind(caraAt, "group", group);
    for (const person of [annaAt, benAt]) await roomOfKind(person, "group", group);
    await admin.act("POST", administer(old, "make_room_admin"), {});
    await admin.act("POST", `/_matrix/client/v3/join/${encodeURIComponent(old)}`, {});
    const next = (room: { roomId: string; name: string }) => room.roomId !== old && room.name === group;
    for (const person of [annaAt, benAt, caraAt]) await person.waitForRoom("another room", next, 30_000);
    await everybodyOut(old);
    await settled(stack);
    // Someone who is later removed from the group cannot keep reading in the old room.
    await putGroup(stack, group, [anna, ben]);
    await settled(stack);
    for (const path of [`${at(old)}/messages?dir=b`, `${at(old)}/state`])
      expect((await caraAt.request("GET", path)).status).to.equal(403);
  });

  it("is closed although the conversation that it would lead to has come to its end meanwhile", async () => {
    const group = unique("Team");
    await putGroup(stack, group, [anna, ben]);
    const { roomId: old } = await roomOfKind(annaAt, "group", group);
    const deleted = stack.proxy.inject({
      when: "before",
      match: { method: "POST", path: "/_matrix/client/v3/createRoom" },
      act: async () => {
        await mustCallApi(stack, "DELETE", `/api/v1/security-groups/${group}`);
        return { kind: "answer", status: 403, body: { errcode: "M_FORBIDDEN", error: "Not now" } };
      },
    });
    await atSynapse(stack, "PUT", `${at(old)}/state/m.room.tombstone/`, {
      body: "x",
      replacement_room: "!x",
    });
    await deleted.happened;
    await annaAt.waitUntilRoomIsGone(old, 20_000);
    await benAt.waitUntilRoomIsGone(old, 20_000);
  });

  const deletions: ReadonlyArray<[string, string, object]> = [
    ["is shut down", "/_synapse/admin/v2/rooms/", { block: true, purge: false }],
    ["is purged", "/_synapse/admin/v2/rooms/", { purge: true }],
    ["is purged in one call", "/_synapse/admin/v1/rooms/", { purge: true }],
  ];
  for (const [what, path, body] of deletions) {
    it(`keeps the members of a custom group whose room ${what} by whoever looks after the homeserver`, async () => {
      const team = unique("Nested");
      await putGroup(stack, team, [cara]);
      // Made in a client, so that its maker joined before Whisper did.
      const name = unique("Party");
      const old = await annaAt.createRoom({
        preset: Preset.PrivateChat,
        name,
        invite: [benAt.userId, `@ht_grp_${team.toLowerCase()}:${stack.serverName}`],
      });
      for (const person of [annaAt, benAt, caraAt])
        await person.waitForRoom("the group", (room) => room.roomId === old, 30_000);
      await settled(stack);
      await admin.act("DELETE", `${path}${encodeURIComponent(old)}`, body);
      const next = (room: { roomId: string; name: string }) => room.roomId !== old && room.name === name;
      const { roomId } = await annaAt.waitForRoom("another room", next, 30_000);
      for (const person of [benAt, caraAt]) await person.waitForRoom("another room", next, 30_000);
      await settled(stack);
      expect(await membersOf(roomId)).to.include.members([annaAt.userId, benAt.userId, caraAt.userId]);
      expect(await membersOf(old).catch(() => [])).to.deep.equal([]);
    });
  }

  it("is left alone when everybody leaves a custom group in one moment by their own will", async () => {
    const { room } = await openConversation(stack, anna, { users: [ben, cara] }, unique("Over"));
    for (const person of [annaAt, benAt, caraAt])
      await person.waitForRoom("the group", (each) => each.roomId === room, 30_000);
    await Promise.all([annaAt, benAt, caraAt].map((person) => person.client.leave(room)));
    await settled(stack);
    expect(await membersOf(room)).to.deep.equal([`@whisper:${stack.serverName}`]);
  });
});
