import { expect } from "chai";
import { takeChanges } from "../../../src/directory/change-log.ts";
import { directorySnapshot, loadDirectory } from "../../../src/directory/snapshot.ts";
import type { Directory } from "../../../src/policy/model.ts";
import { counted } from "../../support/database/counted.ts";
import { type House, openHouse } from "../../support/practice/conversations.ts";

/** Ignores the order of entries, which has no meaning. */
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

  it("matches the database after every kind of change, and reads nothing else", async () => {
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
      // What did not change is the same object, so what was worked out for it is kept.
      const after = await snapshot.fresh();
      expect(after === before).to.equal(false);
    }
  });

  it("keeps maps without changes", async () => {
    const snapshot = directorySnapshot(house.database);
    const before = await snapshot.fresh();
    await house.opened("ana", { users: ["ben"], groups: ["Managers"] }, "Theatre");
    const after = await snapshot.fresh();
    expect(after.users).to.equal(before.users);
    expect(after.securityGroups).to.equal(before.securityGroups);
    expect(after.customGroups).not.to.equal(before.customGroups);
  });

  it("keeps everyone's records if someone joins a group", async () => {
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

  it("is reloaded if a change is no longer known, or was made without a record", async () => {
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
