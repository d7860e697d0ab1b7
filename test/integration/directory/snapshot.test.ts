import { expect } from "chai";
import { takeChanges } from "../../../src/directory/change-log.ts";
import { directorySnapshot, loadDirectory } from "../../../src/directory/snapshot.ts";
import type { Directory } from "../../../src/policy/model.ts";
import { counted } from "../../support/database/counted.ts";
import { type House, openHouse } from "../../support/practice/conversations.ts";

/** Without the order of the entries, which says nothing. */
const plain = ({ users, securityGroups, customGroups }: Directory) =>
  [users, securityGroups, customGroups].map((map) =>
    [...map].toSorted(([one], [other]) => (one < other ? -1 : 1)),
  );

describe("the directory in memory", () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
    await house.staff({
      users: ["ana", "ben", "cara"],
      groups: { Managers: ["ana"], Nurses: ["ben", "cara"] },
    });
  });
  afterEach(() => house.close());

  const asStored = async () => plain(await loadDirectory(house.database));

  it("is what is stored after every kind of change, and reads nothing else of the practice", async () => {
    const { database, statements } = counted(house.database);
    const snapshot = directorySnapshot(database);
    await snapshot.fresh();
    const changes: Array<() => Promise<unknown>> = [
      () =>
        house.staff({ users: ["ana", "ben", "cara", "dan"], groups: { Managers: ["ana"], Nurses: ["ben"] } }),
      () =>
        house.staff({ users: ["ana", { username: "ben", name: "Benjamin" }], groups: { Managers: ["ana"] } }),
      () => house.opened("ana", { users: ["ben"], groups: ["Managers"] }, "Theatre"),
      async () => {
        const [group] = (await snapshot.fresh()).customGroups.keys();
        await house.edit("ana", group ?? "", { name: "Theatre list", remove: { users: ["ben"] } });
      },
    ];
    for (const change of changes) {
      const before = await snapshot.fresh();
      await change();
      statements.length = 0;
      expect(plain(await snapshot.fresh())).to.deep.equal(await asStored());
      const whole = statements.filter((text) => /WHERE true|kind = 'custom' AND true/.test(text));
      expect(whole).to.deep.equal([]);
      // What did not change is the same, so that what was worked out for it stays.
      const after = await snapshot.fresh();
      expect(after === before).to.equal(false);
    }
  });

  it("keeps the maps in which nothing changed", async () => {
    const snapshot = directorySnapshot(house.database);
    const before = await snapshot.fresh();
    await house.opened("ana", { users: ["ben"], groups: ["Managers"] }, "Theatre");
    const after = await snapshot.fresh();
    expect(after.users).to.equal(before.users);
    expect(after.securityGroups).to.equal(before.securityGroups);
    expect(after.customGroups).not.to.equal(before.customGroups);
  });

  it("keeps everybody's records when somebody comes into a group", async () => {
    const snapshot = directorySnapshot(house.database);
    const before = await snapshot.fresh();
    await house.staff({
      users: ["ana", "ben", "cara"],
      groups: { Managers: ["ana", "ben"], Nurses: ["ben", "cara"] },
    });
    const after = await snapshot.fresh();
    expect(after.users).to.equal(before.users);
    expect(after.securityGroups).not.to.equal(before.securityGroups);
  });

  it("is loaded anew when a change is no longer known, or was made by somebody who writes none down", async () => {
    const snapshot = directorySnapshot(house.database);
    await snapshot.fresh();
    await house.staff({ users: ["ana", "ben", "cara", "dan"] });
    await house.database.transaction((tx) => takeChanges(tx, 1_000));
    await house.database.query("DELETE FROM directory_changes WHERE followed");
    expect(plain(await snapshot.fresh())).to.deep.equal(await asStored());
    await house.database.query("UPDATE users SET name = 'Another' WHERE username = 'dan'");
    await house.database.query("UPDATE directory_revision SET revision = revision + 1");
    expect(plain(await snapshot.fresh())).to.deep.equal(await asStored());
  });
});
