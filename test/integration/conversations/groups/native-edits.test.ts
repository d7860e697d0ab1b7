import { expect } from "chai";
import { customGroupEvents } from "../../../../src/conversations/groups/custom-group-events.ts";
import * as said from "../../../../src/messages/words.ts";
import type { ConversationId, RoomId, UserId } from "../../../../src/policy/model.ts";
import * as words from "../../../../src/policy/words.ts";
import { type House, handle, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

describe("a custom group edited in a client", () => {
  let house: House;
  let group: ConversationId;
  let room: RoomId;

  beforeEach(async () => {
    house = await openHouse((dependencies) => [
      customGroupEvents({ ...dependencies, isDeactivated: async () => false }),
    ]);
    await house.staff({
      users: ["anna", "ben", "cara", "dan", { username: "eve", permissions: [] }],
      groups: { Default: [], Doctors: ["anna", "ben"], Nurses: ["cara"] },
    });
    ({ id: group, room } = await house.opened("anna", { users: ["cara"], groups: ["Doctors"] }));
    await house.takeJobs("room");
    house.clock += 60_000;
  });
  afterEach(() => house.close());

  const member = (sender: UserId, who: UserId, membership: string, more: { eventId?: string } = {}) =>
    house.event({ room, sender, type: "m.room.member", stateKey: who, content: { membership }, ...more });
  const name = (sender: UserId, text: unknown) =>
    house.event({ room, sender, type: "m.room.name", stateKey: "", content: { name: text } });
  const toldTo = async (username: string) =>
    (await house.sent(await house.controlOf(username))).map((send) => send.content.body);

  it("gets its new name from any member, and its room and handle follow", async () => {
    await name(id("ben"), "  Night shift ");
    expect(await house.group(group)).to.include({ name: "Night shift", revision: 2 });
    expect(await house.takeJobs("room")).to.deep.equal([{ conversation_id: group }]);
    await name(id("ben"), "");
    expect(await house.group(group)).to.include({ name: null, revision: 3 });
  });

  it("stays named after its members if it is given exactly that name, and keeps any name on one line", async () => {
    await name(id("ben"), "Doctors and Cara");
    expect(await house.group(group)).to.include({ name: null, revision: 1 });
    await name(id("ben"), "Night\nshift\u0007");
    expect((await house.group(group)).name).to.equal("Night shift");
    await name(id("ben"), { not: "text" });
    expect((await house.group(group)).name).to.equal(null);
  });

  for (const taken of ["Alerts", "wh\u0456sper\u200b Admin", "Doctors", "Cara"])
    it(`keeps its name if it is given ${JSON.stringify(taken)}, and tells whoever renamed it`, async () => {
      await name(id("ben"), "Night shift");
      await house.takeJobs("room");
      await name(id("ben"), taken);
      expect((await house.group(group)).name).to.equal("Night shift");
      expect(await toldTo("ben")).to.deep.equal([words.nameTaken]);
    });

  it("adds people and groups whom a member invites", async () => {
    await member(id("ben"), id("dan"), "invite");
    await member(id("cara"), handle({ securityGroup: "Nurses" }), "invite");
    expect(await house.group(group)).to.deep.include({
      users: ["cara", "dan"],
      groups: ["Doctors", "Nurses"],
      revision: 3,
    });
  });

  it("removes people and groups whom a member kicks", async () => {
    await member(id("ben"), id("cara"), "leave");
    expect(await house.group(group)).to.deep.include({ users: [], groups: ["Doctors"] });
    await member(id("anna"), id("dan"), "invite");
    await member(id("anna"), handle({ securityGroup: "Doctors" }), "leave");
    expect(await house.group(group)).to.deep.include({ users: ["dan"], groups: [] });
  });

  it("tells the editor once why someone stays who is a member through a group", async () => {
    await member(id("anna"), id("ben"), "leave", { eventId: "$kick" });
    await house.database.query("UPDATE inbox SET handled_at = NULL WHERE event_id = '$kick'");
    await house.say(room, "anna");
    expect(await toldTo("anna")).to.deep.equal([words.staysMember("Ben", "through Doctors (group)")]);
    expect(await house.group(group)).to.deep.include({ groups: ["Doctors"], revision: 1 });
  });

  it("ends the direct membership of whoever leaves, and tells people who stay through a group", async () => {
    await member(id("cara"), id("cara"), "leave");
    expect((await house.group(group)).users).to.deep.equal([]);
    expect(await toldTo("cara")).to.deep.equal([]);
    await member(id("ben"), id("ben"), "leave");
    expect(await toldTo("ben")).to.deep.equal([said.youStay("Doctors", "through Doctors (group)")]);
  });

  it("lets the last person leave", async () => {
    const alone = await house.opened("dan", { users: ["cara"], groups: ["Nurses"] }, "Two");
    room = alone.room;
    await member(id("dan"), handle({ securityGroup: "Nurses" }), "leave");
    await member(id("cara"), id("cara"), "leave");
    await member(id("dan"), id("dan"), "leave");
    expect(await house.group(alone.id)).to.deep.include({ users: [], groups: [], customGroups: [] });
  });

  it("refuses edits that are not allowed or impossible, and tells the editor", async () => {
    await member(id("dan"), id("cara"), "leave");
    expect(await toldTo("dan")).to.deep.equal([words.editOnlyMembers]);
    await member(id("anna"), id("eve"), "invite");
    expect(await toldTo("anna")).to.deep.equal([words.personWithoutAccess("Eve")]);
    await member(id("cara"), id("cara"), "leave");
    await member(id("anna"), handle({ securityGroup: "Doctors" }), "leave");
    expect(await toldTo("anna")).to.deep.equal([words.personWithoutAccess("Eve"), words.wouldBeEmpty]);
    expect(await house.group(group)).to.deep.include({ users: [], groups: ["Doctors"] });
  });

  it("refuses a group that would contain itself", async () => {
    const outer = await house.opened("anna", { customGroups: [group], users: ["dan"] }, "Outer");
    await member(id("anna"), handle({ customGroup: outer.id }), "invite");
    expect((await house.group(group)).customGroups).to.deep.equal([]);
    expect(await toldTo("anna")).to.deep.equal([words.groupInItself("Outer (custom group)")]);
  });

  it("ignores the bot, strangers, joins and other rooms", async () => {
    await member(SETTINGS.bot, id("dan"), "invite");
    await member(SETTINGS.bot, id("cara"), "leave");
    await name(SETTINGS.bot, "By the bot");
    await member(id("dan"), id("dan"), "join");
    await member("@admin:elsewhere" as UserId, id("cara"), "leave");
    room = (await house.opened("anna", { users: ["ben"] })).room;
    await member(id("anna"), id("dan"), "invite");
    expect(await house.group(group)).to.deep.include({ name: null, users: ["cara"], revision: 1 });
  });

  describe("with late events", () => {
    /** `happens` happens in the room now, but Whisper hears of it after `meanwhile`, which happens later. */
    const late = async (happens: () => Promise<unknown>, meanwhile: () => Promise<unknown>) => {
      const then = house.clock;
      house.clock += 60_000;
      await meanwhile();
      house.clock = then;
      await happens();
    };

    it("keeps a removal through the API that followed an old invitation", async () => {
      await late(
        () => member(id("anna"), id("dan"), "invite"),
        () => house.edit("anna", group, { remove: { users: ["dan"] } }),
      );
      expect((await house.group(group)).users).to.deep.equal(["cara"]);
    });

    it("keeps an addition through the API that followed an old kick or leave", async () => {
      await late(
        () => member(id("anna"), id("cara"), "leave"),
        () => house.edit("anna", group, { add: { users: ["cara"] } }),
      );
      await late(
        () => member(id("cara"), id("cara"), "leave"),
        () => house.edit("anna", group, { add: { users: ["cara"] } }),
      );
      expect((await house.group(group)).users).to.deep.equal(["cara"]);
    });

    it("keeps a later name", async () => {
      await late(
        () => name(id("anna"), "Old"),
        () => house.edit("anna", group, { name: "New" }),
      );
      expect((await house.group(group)).name).to.equal("New");
    });

    it("records what happened while Whisper was down, in order", async () => {
      await member(id("anna"), id("dan"), "invite");
      house.clock += 1_000;
      await member(id("anna"), id("dan"), "leave");
      house.clock += 1_000;
      await member(id("cara"), id("cara"), "leave");
      house.clock += 1_000;
      await member(id("anna"), id("cara"), "invite");
      expect((await house.group(group)).users).to.deep.equal(["cara"]);
    });

    it("does not repeat events that the group was made from", async () => {
      await house.database.query("UPDATE conversations SET made_from = $2 WHERE id = $1", [
        group,
        house.clock,
      ]);
      await member(id("anna"), id("dan"), "invite");
      expect((await house.group(group)).users).to.deep.equal(["cara"]);
      house.clock += 1;
      await member(id("anna"), id("dan"), "invite");
      expect((await house.group(group)).users).to.deep.equal(["cara", "dan"]);
    });
  });
});
