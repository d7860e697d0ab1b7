import { expect } from "chai";
import { z } from "zod";
import { callApi, mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf, refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import {
  editConversation,
  openConversation,
  showConversation,
} from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

const roomPath = (room: string) => `/_matrix/client/v3/rooms/${encodeURIComponent(room)}`;
const made = z.object({ room_id: z.string() });

describe("Somebody who never receives is reached by nobody alone", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const [ann, ben, shy, gone] = [unique("ann"), unique("ben"), unique("shy"), unique("gone")];
  const empty = unique("Empty");
  let annAt: Person;
  let benAt: Person;
  let shyAt: Person;
  let control: string;

  before(async function () {
    this.timeout(240_000);
    stack = await sharedStack();
    [annAt, benAt, shyAt] = [await hire(stack, ann), await hire(stack, ben), await hire(stack, shy)];
    await putUser(stack, gone, { active: false });
    await putGroup(stack, empty, []);
    await mustCallApi(stack, "PATCH", `/api/v1/users/${shy}/preferences`, { never_receive: true });
    control = (await roomOfKind(annAt, "control")).roomId;
    await settled(stack);
  });

  const membershipOf = async (person: Person, room: string): Promise<unknown> => {
    const path = `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/state`;
    const { state } = z
      .object({
        state: z.array(
          z.looseObject({
            type: z.string(),
            state_key: z.string(),
            content: z.record(z.string(), z.unknown()),
          }),
        ),
      })
      .parse(await atSynapse(stack, "GET", path));
    return state.find((event) => event.type === "m.room.member" && event.state_key === person.userId)?.content
      .membership;
  };
  const hasRead = async (person: Person, room: string, text: string): Promise<boolean> => {
    const { body } = await person.request("GET", `${roomPath(room)}/messages?dir=b&limit=100`);
    return JSON.stringify(body).includes(text) || person.seen.some((event) => bodyOf(event) === text);
  };

  describe("in a room that is made with a message in it, and then the invitation", () => {
    const thirds: Array<[string, () => Record<string, number>]> = [
      ["an invented account in its power levels", () => ({ "@ht_nobody.at.all:localhost": 50 })],
      ["an account from outside at Whisper's level", () => ({ "@eve:elsewhere.example": 100 })],
      ["somebody who has left", () => ({ [stack.userId(gone)]: 50 })],
      ["a group with nobody in it", () => ({ [`@ht_grp_${empty.toLowerCase()}:localhost`]: 50 })],
      [
        "the one who never receives at Whisper's level",
        () => ({ [shyAt.userId]: 100, "@ht_nobody.at.all:localhost": 50 }),
      ],
      ["Whisper itself", () => ({ "@whisper:localhost": 100 })],
    ];
    for (const [what, users] of thirds)
      it(`with ${what}`, async () => {
        const text = `Only for you ${unique("text")}`;
        const room = await annAt.createRoom({
          name: unique("Theatre"),
          power_level_content_override: { users: { [annAt.userId]: 100, ...users() }, events: {} },
        });
        await annAt.sendText(room, text);
        const invited = await annAt.request("POST", `${roomPath(room)}/invite`, { user_id: shyAt.userId });
        await settled(stack);
        expect(await membershipOf(shyAt, room)).not.to.equal("join");
        expect((await shyAt.request("POST", `${roomPath(room)}/join`, {})).status).to.equal(403);
        expect(await hasRead(shyAt, room, text)).to.equal(false);
        if (invited.status === 403) return;
        // The rules for invitations let them in, and those for content refuse it: nobody continues there.
        await eventually(
          "everybody to be out",
          async () => ["leave", undefined].includes((await membershipOf(annAt, room)) as string | undefined),
          30_000,
        );
        const path = `/_synapse/admin/v1/rooms/${encodeURIComponent(room)}/block`;
        expect(await atSynapse(stack, "GET", path)).to.include({ block: true });
        expect((await refusalOf(annAt.sendText(room, "Once more."))).status).to.equal(403);
      });
  });

  describe("in a custom group that came down to two", () => {
    it("by the third one's leaving: nobody writes there, and nobody renames it", async () => {
      const { id, room } = await openConversation(stack, ann, { users: [ben, shy] }, unique("Lunch"));
      const { name } = await showConversation(stack, id);
      await annAt.waitForRoom("the group", (each) => each.roomId === room);
      await benAt.waitForRoom("the group", (each) => each.roomId === room);
      await benAt.leave(room);
      await settled(stack);
      const renamed = await editConversation(stack, id, { as: ann, name: "Ring me at five" });
      expect(renamed.status).to.equal(409);
      expect(JSON.stringify(renamed.body)).to.match(/has chosen not to receive/);
      const state = (type: string, content: object) =>
        annAt.client.sendStateEvent(room, type as never, content as never, "");
      const attempts = [
        () => annAt.setRoomName(room, "Ring me at five"),
        () => annAt.sendText(room, "Ring me at five"),
        () => state("m.room.topic", { topic: "Ring me at five" }),
        () => state("m.room.avatar", { url: "mxc://localhost/x" }),
      ];
      for (const attempt of attempts) expect((await refusalOf(attempt())).status).to.equal(403);
      await annAt.sendText(control, `rename "${name}" to "Ring me at five"`);
      await annAt.waitForText(/has chosen not to receive direct messages/, control);
      expect((await showConversation(stack, id)).name).to.equal(name);
      expect(shyAt.client.getRoom(room)?.name).to.equal(name);
      // With a third person in it, it is a group like any other.
      expect((await editConversation(stack, id, { as: ann, add: { users: [ben] } })).status).to.equal(204);
      await settled(stack);
      await annAt.setRoomName(room, unique("Dinner"));
    });

    it("by the third one's losing access: nobody writes there", async () => {
      const third = unique("third");
      await putUser(stack, third, { permissions: ["AccessWhisper"] });
      const { room } = await openConversation(stack, ann, { users: [third, shy] }, unique("Lunch"));
      await annAt.waitForRoom("the group", (each) => each.roomId === room);
      await annAt.sendText(room, "All three of us.");
      await putUser(stack, third, { active: false });
      const refused = await refusalOf(annAt.sendText(room, "The two of us."));
      expect(refused.status).to.equal(403);
      expect(await hasRead(shyAt, room, "The two of us.")).to.equal(false);
    });
  });

  it("by a group of the two and an empty group, through the API, a command or a client", async () => {
    const body = { as: ann, users: [shy], security_groups: [empty], name: unique("Ring me") };
    const { status, body: answer } = await callApi(stack, "POST", "/api/v1/conversations", body);
    expect(status).to.equal(403);
    expect(JSON.stringify(answer)).to.match(/has chosen not to receive/);
    const before = annAt.seen.length;
    await annAt.sendText(control, `new ${shy}, %${empty} "Ring me"`);
    await annAt.until("the answer", () =>
      annAt.seen.slice(before).find((event) => /has chosen not to receive/.test(bodyOf(event))),
    );
    const created = await annAt.request("POST", "/_matrix/client/v3/createRoom", {
      name: "Ring me",
      invite: [`@ht_grp_${empty.toLowerCase()}:localhost`, shyAt.userId],
    });
    if (created.status === 200) {
      const { room_id: room } = made.parse(created.body);
      await settled(stack);
      expect(await membershipOf(shyAt, room)).not.to.equal("join");
    } else expect(created.status).to.equal(403);
  });
});

describe("A room that anybody could come into", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const [ann, ben] = [unique("ann"), unique("ben")];
  let annAt: Person;
  let benAt: Person;

  before(async function () {
    this.timeout(240_000);
    stack = await sharedStack();
    [annAt, benAt] = [await hire(stack, ann), await hire(stack, ben)];
  });

  const state = (type: string, content: object) => ({ initial_state: [{ type, state_key: "", content }] });
  const open: Array<[string, object]> = [
    ["public", { preset: "public_chat" }],
    ["that can be knocked at", state("m.room.join_rules", { join_rule: "knock" })],
    ["open to the members of another", state("m.room.join_rules", { join_rule: "restricted", allow: [] })],
    ["that everybody can read", state("m.room.history_visibility", { history_visibility: "world_readable" })],
    ["with an alias", state("m.room.canonical_alias", { alias: "#lunch:localhost" })],
  ];
  for (const [what, options] of open)
    it(`takes no message: one ${what}`, async () => {
      const created = await annAt.request("POST", "/_matrix/client/v3/createRoom", {
        ...options,
        name: unique("Open"),
        invite: [benAt.userId],
      });
      // Synapse itself may refuse to make it.
      if (created.status !== 200) return;
      const { room_id: room } = made.parse(created.body);
      const text = unique("text");
      const sent = await annAt.request("PUT", `${roomPath(room)}/send/m.room.message/1`, {
        msgtype: "m.text",
        body: text,
      });
      expect(sent.status).to.equal(403);
      await annAt.waitUntilRoomIsGone(room, 30_000);
      expect((await annAt.request("POST", `${roomPath(room)}/join`, {})).status).to.equal(403);
      expect(benAt.seen.some((event) => bodyOf(event) === text)).to.equal(false);
    });
});

describe("The name of a custom group", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const [ann, ben, cara] = [unique("ann"), unique("ben"), unique("cara")];
  const group = unique("Doctors");
  let annAt: Person;
  let control: string;

  before(async function () {
    this.timeout(240_000);
    stack = await sharedStack();
    annAt = await hire(stack, ann);
    await putUser(stack, ben);
    await putUser(stack, cara);
    await putGroup(stack, group, [ben]);
    control = (await roomOfKind(annAt, "control")).roomId;
    await settled(stack);
  });

  it("is not that of something else, whatever way it is given", async () => {
    const { id, room } = await openConversation(stack, ann, { users: [ben, cara] }, unique("Lunch"));
    const { name } = await showConversation(stack, id);
    await annAt.waitForRoom("the group", (each) => each.roomId === room);
    for (const taken of ["Alerts", "whisper \u200badmin", "\u0410lerts", group.toUpperCase()]) {
      const opened = await callApi(stack, "POST", "/api/v1/conversations", {
        as: ann,
        users: [ben, cara],
        name: taken,
      });
      expect(opened.status, `opened as ${taken}`).to.equal(403);
      expect(
        (await editConversation(stack, id, { as: ann, name: taken })).status,
        `renamed to ${taken}`,
      ).to.equal(403);
      const refusal = await refusalOf(annAt.setRoomName(room, taken));
      expect(refusal.text).to.match(/A group cannot be called that/);
    }
    const before = annAt.seen.length;
    await annAt.sendText(control, `new ${ben}, ${cara} "Alerts"`);
    await annAt.until("the answer", () =>
      annAt.seen.slice(before).find((event) => /A group cannot be called that/.test(bodyOf(event))),
    );
    expect((await showConversation(stack, id)).name).to.equal(name);
  });

  it("is refused in a room that somebody makes with it", async () => {
    const created = await annAt.request("POST", "/_matrix/client/v3/createRoom", {
      name: "Alerts",
      invite: [stack.userId(ben), stack.userId(cara)],
    });
    if (created.status === 403) return;
    const { room_id: room } = made.parse(created.body);
    await annAt.waitForText(/A group cannot be called that/, control, 30_000);
    await annAt.waitUntilRoomIsGone(room, 30_000);
  });

  it("holds nothing that nobody sees", async () => {
    const { id, room } = await openConversation(
      stack,
      ann,
      { users: [ben, cara] },
      `\u202eLate\u200b  ${group} shift\u2066`,
    );
    const seen = await annAt.waitForRoom("the group", (each) => each.roomId === room);
    expect((await showConversation(stack, id)).name).to.equal(`Late ${group} shift`);
    expect(seen.name).to.equal(`Late ${group} shift`);
    await annAt.setRoomName(room, `Early\u2028 \u202e${group}`);
    await annAt.until("the name to be clean", () => annAt.client.getRoom(room)?.name === `Early ${group}`);
  });
});
