import { expect } from "chai";
import { Preset, type StateEvents } from "matrix-js-sdk";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { refusalOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { loseWhatIsQueued } from "../../support/stack/behind-whisper.ts";
import {
  listConversations,
  membersOf,
  openConversation,
  showConversation,
} from "../../support/stack/conversation-api.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, putUser, roomOfKind, unique } from "../../support/stack/staff.ts";

/** Here clients go past the read gate, since it is Whisper's. */
const PAST = { pastTheGate: true } as const;

describe("While Whisper is stopped", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const [anna, ben, cara, quiet] = [unique("anna"), unique("ben"), unique("cara"), unique("quiet")];
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;
  let alerts: string;
  let alert: string;
  let group: string;
  let pair: { id: string; room: string };
  let custom: { id: string; room: string };

  before(async function () {
    this.timeout(240_000);
    stack = await freshStack();
    annaAt = await hire(stack, anna, {}, PAST);
    benAt = await hire(stack, ben, {}, PAST);
    caraAt = await hire(stack, cara, {}, PAST);
    await putUser(stack, quiet);
    await putGroup(stack, "Doctors", [anna, ben]);
    pair = await openConversation(stack, anna, { users: [quiet] });
    await mustCallApi(stack, "PATCH", `/api/v1/users/${quiet}/preferences`, { never_receive: true });
    custom = await openConversation(stack, anna, { users: [ben, cara] }, "Theatre list");
    alerts = (await roomOfKind(annaAt, "alerts")).roomId;
    group = (await roomOfKind(annaAt, "group", "Doctors")).roomId;
    for (const person of [benAt, caraAt])
      await person.waitForRoom("the list", (room) => room.roomId === custom.room);
    await mustCallApi(stack, "POST", "/api/v1/alerts", { text: "Fire drill at ten." });
    alert = (await annaAt.waitForText("Fire drill at ten.", alerts)).getId() ?? "";
    await settled(stack);
  });
  after(() => stack?.stop());

  const send = (room: string) => annaAt.sendText(room, "Is anybody there?");
  const state = (person: Person, room: string, type: keyof StateEvents, content: object) =>
    person.client.sendStateEvent(room, type, content as never);
  const gone = async (person: Person, room: string) => {
    const { status } = await person.request(
      "GET",
      `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b`,
    );
    return status === 403;
  };

  describe("the rules still hold that room state can hold", () => {
    before(() => stack.stopWhisper());
    after(() => stack.startWhisper());

    const refused: Array<[string, () => Promise<unknown>]> = [
      ["nobody writes alerts", () => send(alerts)],
      ["nobody reacts to alerts", () => annaAt.react(alerts, alert, "👍")],
      ["nobody writes to whom never receives", () => send(pair.room)],
      ["nobody renames a security group's room", () => annaAt.setRoomName(group, "Party")],
      ["nobody invites into it", () => annaAt.invite(group, caraAt.userId)],
      ["nobody puts somebody out of it", () => annaAt.kick(group, benAt.userId)],
      [
        "nobody changes who may do what",
        () => state(annaAt, group, "m.room.power_levels" as never, { users_default: 100 }),
      ],
      [
        "nobody opens a room to all",
        () => state(annaAt, custom.room, "m.room.join_rules" as never, { join_rule: "public" }),
      ],
      [
        "nobody opens a history to all",
        () =>
          state(annaAt, custom.room, "m.room.history_visibility" as never, {
            history_visibility: "world_readable",
          }),
      ],
      [
        "nobody encrypts",
        () => state(annaAt, custom.room, "m.room.encryption" as never, { algorithm: "m.megolm.v1.aes-sha2" }),
      ],
      [
        "nobody closes a room",
        () =>
          state(annaAt, custom.room, "m.room.tombstone" as never, {
            body: "x",
            replacement_room: "!x:localhost",
          }),
      ],
      [
        "nobody changes Whisper's marker",
        () => state(annaAt, custom.room, "au.healthtrack.whisper.conversation" as never, {}),
      ],
      ["nobody puts out the bot", () => annaAt.kick(custom.room, "@whisper:localhost")],
      ["nobody joins what they are not in", () => caraAt.client.joinRoom(group)],
      [
        "nobody invites into a custom group, since nobody can be asked",
        () => annaAt.invite(custom.room, `@ht_${quiet}:localhost`),
      ],
      [
        "nobody makes a room, since nobody can be asked",
        () => annaAt.createRoom({ preset: Preset.PrivateChat, invite: [caraAt.userId] }),
      ],
    ];
    for (const [what, act] of refused) {
      it(what, async () => {
        expect((await refusalOf(act())).status).to.equal(403);
      });
    }

    it("and everybody goes on talking where they may", async () => {
      await send(group);
      await benAt.waitForText("Is anybody there?", group);
      await benAt.sendText(group, "Yes, without Whisper.");
      await annaAt.waitForText("Yes, without Whisper.", group);
    });
  });

  it("what happens in a custom group meanwhile is recorded and carried out when it is back", async () => {
    await stack.stopWhisper();
    await annaAt.setRoomName(custom.room, "Late list");
    await annaAt.kick(custom.room, caraAt.userId);
    await annaAt.sendText(custom.room, "Cara is out.");
    await benAt.leave(custom.room);
    await stack.startWhisper();
    await eventually("the record to follow", async () => {
      const { name } = await showConversation(stack, custom.id);
      const members = await membersOf(stack, custom.id);
      return name === "Late list" && members.length === 1;
    });
    await eventually(
      "the room to be closed to those who are out",
      async () => (await gone(caraAt, custom.room)) && (await gone(benAt, custom.room)),
    );
    const listed = await listConversations(stack, anna);
    expect(listed.find((each) => each.id === custom.id)?.name).to.equal("Late list");
  });

  it("the name that somebody deletes meanwhile is there again as soon as it is back", async () => {
    const { room } = await openConversation(stack, anna, { users: [ben] }, unique("Theatre"));
    await annaAt.waitForRoom("the list", (each) => each.roomId === room);
    await settled(stack);
    const name = unique("Theatre two");
    const { event_id: named } = await annaAt.client.setRoomName(room, name);
    await settled(stack);
    const remove = () => annaAt.client.redactEvent(room, named);
    expect((await refusalOf(remove())).text).to.match(/cannot be deleted/);
    const joined = annaAt.client.getRoom(room)?.getMember(annaAt.userId)?.events.member?.getId() ?? "";
    expect((await refusalOf(annaAt.client.redactEvent(room, joined))).text).to.match(/cannot be deleted/);
    await stack.stopWhisper();
    await remove();
    await stack.startWhisper();
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/state/m.room.name/`;
    await eventually("the name", async () => {
      const { body } = await annaAt.request("GET", path);
      return typeof body === "object" && body !== null && "name" in body && body.name === name;
    });
  });

  it("what Synapse never told of is found when it is back", async () => {
    const again = await openConversation(stack, anna, { users: [ben, cara] }, "Lost list");
    for (const person of [benAt, caraAt])
      await person.waitForRoom("the list", (room) => room.roomId === again.room);
    await annaAt.sendText(again.room, "Good morning.");
    await settled(stack);
    await stack.stopWhisper();
    await annaAt.setRoomName(again.room, "Found list");
    await annaAt.kick(again.room, caraAt.userId);
    await benAt.sendText(again.room, "Lost and found.");
    await loseWhatIsQueued(stack);
    await stack.startWhisper();
    await eventually(
      "the record to follow",
      async () => {
        const { name } = await showConversation(stack, again.id);
        return name === "Found list" && !(await membersOf(stack, again.id)).includes(cara);
      },
      30_000,
    );
    // The message comes after the edits, each in its own turn.
    await eventually(
      "the message to be unread",
      async () => (await listConversations(stack, anna)).find((each) => each.id === again.id)?.unread === 1,
    );
    await eventually("the room to be closed to her", () => gone(caraAt, again.room));
  });
});
