import { expect } from "chai";
import { editConversation } from "../../../../src/conversations/groups/edit.ts";
import { showConversation, showStaying } from "../../../../src/conversations/list/show.ts";
import type { ConversationId, Username } from "../../../../src/policy/model.ts";
import * as words from "../../../../src/policy/words.ts";
import { type House, handle, openHouse, selection } from "../../../support/practice/conversations.ts";

describe("editing a custom group through the API", () => {
  let house: House;
  let group: ConversationId;
  beforeEach(async () => {
    house = await openHouse();
    await house.staff({
      users: ["anna", "ben", "cara", "dan", { username: "gone", active: false }],
      groups: { Doctors: ["anna", "ben"], Nurses: ["cara"] },
    });
    group = (await house.opened("anna", { users: ["cara"], groups: ["Doctors"] })).id;
    await house.takeJobs("room");
  });
  afterEach(() => house.close());

  it("renames, adds and removes in one edit, increases the revision and queues the room", async () => {
    const done = await house.edit("anna", group, {
      name: "Night shift",
      add: { users: ["dan"] },
      remove: { users: ["cara"] },
    });
    expect(done).to.deep.include({ staying: [] });
    expect(await house.group(group)).to.deep.equal({
      name: "Night shift",
      revision: 2,
      users: ["dan"],
      groups: ["Doctors"],
      customGroups: [],
    });
    expect(await house.takeJobs("room")).to.deep.equal([{ conversation_id: group }]);
  });

  it("does nothing if nothing changes", async () => {
    await house.edit("anna", group, { add: { users: ["cara"] }, remove: { users: ["dan"] } });
    expect((await house.group(group)).revision).to.equal(1);
    expect(await house.takeJobs("room")).to.deep.equal([]);
  });

  it("tidies a name, and refuses one that belongs to something else", async () => {
    await house.edit("anna", group, { name: " Night\u202e \u200b shift" });
    expect((await house.group(group)).name).to.equal("Night shift");
    for (const name of ["ALERTS", "Dan", "Doctors (group)"]) {
      const reason = words.nameTaken;
      expect(await house.edit("anna", group, { name })).to.deep.equal({ refused: "forbidden", reason });
    }
    const reason = words.nameMissing;
    expect(await house.edit("anna", group, { name: "\u200b" })).to.deep.equal({
      refused: "invalid",
      path: "name",
      reason,
    });
    expect(await house.group(group)).to.include({ name: "Night shift", revision: 2 });
  });

  it("checks every group that contains the changed one, at any depth", async () => {
    const outer = (await house.opened("anna", { customGroups: [group], users: ["dan"] }, "Outer")).id;
    const outermost = (await house.opened("anna", { customGroups: [outer], users: ["dan"] }, "Outermost")).id;
    await house.takeJobs("room");
    await house.takeAccounts();
    await house.edit("anna", group, { remove: { users: ["cara"] } });
    const rooms = (await house.takeJobs("room")).map((job) => job.conversation_id);
    expect(rooms).to.have.members([group, outer, outermost]);
    const handles = await house.takeAccounts();
    expect(handles).to.have.members([group, outer, outermost].map((customGroup) => handle({ customGroup })));
  });

  it("says who stays, and through which groups", async () => {
    await house.edit("anna", group, { add: { users: ["ben"] } });
    const done = await house.edit("anna", group, { remove: { users: ["ben"] } });
    expect(done).to.have.nested.property(
      "staying[0].reason",
      words.staysMember("Ben", "through Doctors (group)"),
    );
  });

  it("tells an editor through the API who stays, with their paths", async () => {
    const request = {
      as: "anna" as Username,
      add: selection({}),
      remove: selection({ users: ["ben", "cara"] }),
    };
    const staying = await house.database.transaction(async (tx) => {
      const done = await editConversation(house.dependencies, tx, group as ConversationId, request);
      return "refused" in done ? done : showStaying(house.dependencies.directory, tx, done.staying);
    });
    expect({ staying }).to.deep.equal({
      staying: [
        {
          username: "ben",
          reason: words.staysMember("Ben", "through Doctors (group)"),
          paths: [[{ kind: "security_group", id: "Doctors", name: "Doctors" }]],
        },
      ],
    });
  });

  const refused: Array<[string, string, Parameters<House["edit"]>[2], string, string]> = [
    ["somebody who is no member", "dan", { name: "Mine" }, "forbidden", words.editOnlyMembers],
    [
      "adding a person who has left",
      "anna",
      { add: { users: ["gone"] } },
      "forbidden",
      words.personLeft("Gone"),
    ],
    [
      "emptying it",
      "anna",
      { remove: { users: ["cara"], groups: ["Doctors"] } },
      "conflict",
      words.wouldBeEmpty,
    ],
    ["adding nobody known", "anna", { add: { users: ["eve"] } }, "invalid", words.noSuchPerson],
  ];
  for (const [what, as, edit, kind, reason] of refused) {
    it(`refuses ${what}`, async () => {
      expect(await house.edit(as, group, edit)).to.include({ refused: kind, reason });
      expect((await house.group(group)).revision).to.equal(1);
    });
  }

  it("refuses circles, and conversations that are not custom groups, as conflicts", async () => {
    const outer = (await house.opened("anna", { customGroups: [group], users: ["dan"] }, "Outer")).id;
    expect(await house.edit("anna", group, { add: { customGroups: [outer] } })).to.include({
      refused: "conflict",
    });
    expect(await house.edit("anna", group, { add: { customGroups: [group] } })).to.include({
      refused: "conflict",
    });
    const pair = (await house.opened("anna", { users: ["ben"] })).id;
    expect(await house.edit("anna", pair, { name: "Us" })).to.include({
      refused: "conflict",
      reason: words.pairOnly,
    });
    expect(await house.edit("anna", "nothing", { name: "Us" })).to.deep.equal({ refused: "unknown" });
  });

  it("shows the members by name, each with their paths", async () => {
    const inner = (await house.opened("anna", { users: ["cara", "dan"] }, "Inner")).id;
    await house.edit("anna", group, { name: "Night shift", add: { customGroups: [inner] } });
    const shown = await showConversation(house.dependencies.directory, house.database, group);
    expect(shown?.name).to.equal("Night shift");
    expect(shown?.members.map((member) => member.username)).to.deep.equal(["anna", "ben", "cara", "dan"]);
    const doctors = { kind: "security_group", id: "Doctors", name: "Doctors" };
    const nested = { kind: "custom_group", id: inner, name: "Inner" };
    expect(shown?.members[0]?.paths).to.deep.equal([[doctors], [nested]]);
    expect(shown?.members[2]?.paths).to.deep.equal([[], [nested]]);
  });
});
