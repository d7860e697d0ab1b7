import { expect } from "chai";
import * as words from "../../../src/policy/words.ts";
import { DAY, type House, handle, openHouse } from "../../support/practice/conversations.ts";

describe("opening a conversation", () => {
  let house: House;
  before(async () => {
    house = await openHouse();
    await house.staff({
      users: ["anna", "ben", "cara", "dan"],
      groups: { Doctors: ["anna", "ben"], Nurses: ["cara"] },
    });
  });
  after(() => house.close());

  it("gives two people their individual conversation, whoever starts", async () => {
    const first = await house.open("anna", { users: ["ben"] });
    const second = await house.open("ben", { users: ["anna"] });
    expect(first).to.include({ kind: "individual", created: true });
    expect(second).to.deep.equal({ ...first, created: false });
  });

  it("gives a member of a security group the group's conversation, and checks its room", async () => {
    await house.takeJobs("room");
    const opened = await house.open("anna", { groups: ["Doctors"] });
    expect(opened).to.include({ kind: "group" });
    expect(await house.takeJobs("room")).to.deep.equal([{ conversation_id: "id" in opened && opened.id }]);
  });

  it("gives the same selection the same custom group, in any order, and its handle an account", async () => {
    await house.takeAccounts();
    const first = await house.open("anna", { users: ["cara", "dan"], groups: ["Nurses"] });
    const second = await house.open("anna", { groups: ["Nurses"], users: ["dan", "cara"] });
    expect(first).to.include({ kind: "custom", created: true });
    expect(second).to.deep.equal({ ...first, created: false });
    const customGroup = "id" in first ? first.id : "";
    expect(await house.takeAccounts()).to.deep.equal([handle({ customGroup })]);
  });

  it("creates one group for a selection that is opened many times at once", async () => {
    const opened = await Promise.all(
      Array.from({ length: 8 }, () => house.open("cara", { users: ["anna", "dan"] })),
    );
    expect(new Set(opened.map((each) => ("id" in each ? each.id : "refused")))).to.have.lengthOf(1);
    expect(opened.filter((each) => "created" in each && each.created)).to.have.lengthOf(1);
  });

  it("distinguishes two groups of the same people by their names", async () => {
    const lists = await Promise.all(
      ["Theatre list", "Roster"].map((name) => house.opened("ben", { users: ["cara", "dan"] }, name)),
    );
    expect(lists[0]?.id).not.to.equal(lists[1]?.id);
    expect((await house.opened("ben", { users: ["dan", "cara"] }, "Roster")).id).to.equal(lists[1]?.id);
  });

  const refusals: Array<[string, Parameters<House["open"]>, object]> = [
    ["nobody", ["anna", {}], { refused: "invalid", path: "users", reason: words.nobodyChosen }],
    [
      "oneself",
      ["anna", { users: ["anna"] }],
      { refused: "invalid", path: "users[0]", reason: words.toYourself },
    ],
    [
      "an unknown user",
      ["anna", { users: ["ben", "eve"] }],
      { refused: "invalid", path: "users[1]", reason: words.noSuchPerson },
    ],
    [
      "an unknown group",
      ["anna", { groups: ["Porters"] }],
      { refused: "invalid", path: "security_groups[0]", reason: words.noSuchGroup },
    ],
    [
      "an unknown custom group",
      ["anna", { customGroups: ["x"] }],
      { refused: "invalid", path: "custom_groups[0]", reason: words.noSuchGroup },
    ],
    [
      "in the name of nobody",
      ["eve", { users: ["anna"] }],
      { refused: "invalid", path: "as", reason: words.noSuchPerson },
    ],
  ];
  for (const [what, request, refusal] of refusals) {
    it(`refuses to open with ${what}, and says where`, async () => {
      expect(await house.open(...request)).to.deep.equal(refusal);
    });
  }

  it("brings an archived conversation back for whoever opens it, and no one else", async () => {
    const { id, room } = await house.opened("anna", { users: ["dan"] });
    await house.database.query(
      `INSERT INTO room_views (room_id, user_id, archived, tagged)
       VALUES ($1, '@ht_anna:practice.test', true, true), ($1, '@ht_dan:practice.test', true, true)
       ON CONFLICT (room_id, user_id) DO UPDATE SET archived = true, tagged = true`,
      [room],
    );
    house.clock += 10 * DAY;
    await house.open("anna", { users: ["dan"] });
    const views = await house.database.query<{ user_id: string; archived: boolean }>(
      "SELECT user_id, archived FROM room_views WHERE room_id = $1 ORDER BY user_id",
      [room],
    );
    expect(views.rows).to.deep.equal([
      { user_id: "@ht_anna:practice.test", archived: false },
      { user_id: "@ht_dan:practice.test", archived: true },
    ]);
    expect(await house.takeJobs("tags")).to.deep.equal([{ room_id: room }]);
    expect((await house.list("anna")).map((each) => each.id)).to.include(id);
  });
});
