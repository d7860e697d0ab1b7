import { expect } from "chai";
import pino from "pino";
import { drainAccounts } from "../../../../src/appservice/access/account-checks.ts";
import { followDirectory } from "../../../../src/appservice/access/follow-directory.ts";
import { reconcileRoom } from "../../../../src/appservice/rooms/reconciler.ts";
import { directoryChanged } from "../../../../src/conversations/record/queue-checks.ts";
import { putGroup } from "../../../../src/directory/groups.ts";
import { directorySnapshot } from "../../../../src/directory/snapshot.ts";
import type { ConversationId, SecurityGroupId, Username } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { counted } from "../../../support/database/counted.ts";
import { FlawedHomeserver } from "../../../support/homeserver/flawed-homeserver.ts";
import { type House, openHouse } from "../../../support/practice/conversations.ts";
import { furnish } from "../../../support/practice/furnished.ts";
import { SOMEONES_RECORD } from "../../../support/practice/record-keys.ts";

const username = (index: number) => `u${index}`;

describe("the cost of one directory change", function () {
  this.timeout(180_000);

  /** A practice where everything is as it should be: every account exists, and everyone is in their rooms. */
  async function practice(users: number, groups: number): Promise<House> {
    const house = await openHouse();
    const everybody = Array.from({ length: users }, (_, index) => username(index));
    await house.staff({
      users: everybody,
      groups: Object.fromEntries(
        Array.from({ length: groups }, (_, group) => [
          `G${group}`,
          Array.from({ length: 10 }, (_, index) => username((group * 7 + index) % users)),
        ]),
      ),
    });
    await furnish(house);
    return house;
  }

  /** Adds one person to a group, and does all the follow-up work. */
  async function join(house: House, group: string, member: string) {
    const homeserver = new FlawedHomeserver();
    const { database, statements } = counted(house.database);
    const directory = directorySnapshot(database);
    await directory.fresh();
    statements.length = 0;
    const members = (await directory.fresh()).securityGroups.get(group as SecurityGroupId)?.members ?? [];
    await database.transaction((tx) =>
      putGroup(
        tx,
        house.dependencies.settings,
        { changed: directoryChanged, record: SOMEONES_RECORD },
        {
          id: group as SecurityGroupId,
          name: group,
          permissions: [],
          members: [...members, member as Username],
        },
        { allowMassDeactivation: false },
      ),
    );
    const dependencies = { ...house.dependencies, directory, database };
    await followDirectory(dependencies);
    const looked = (await house.takeJobs("room")).map((job) => job.conversation_id as ConversationId);
    for (const each of looked) await reconcileRoom(roomDependencies(dependencies, homeserver), each);
    if ((await house.takeJobs("accounts")).length > 0)
      await drainAccounts({ ...dependencies, homeserver, behind: homeserver });
    return { statements: statements.length, looked, calls: homeserver.calls.length };
  }

  const roomDependencies = (
    dependencies: House["dependencies"] & { database: Database },
    homeserver: FlawedHomeserver,
  ) => ({
    ...dependencies,
    homeserver,
    log: pino({ level: "silent" }),
    roomTaken: () => Promise.resolve(),
  });

  it("depends on the conversations it affects, not on the size of the practice", async () => {
    const costs: number[] = [];
    for (const [users, groups] of [
      [60, 6],
      [1_000, 177],
    ] as const) {
      const house = await practice(users, groups);
      try {
        const { statements, looked, calls } = await join(house, "G3", username(users - 5));
        const [group] = (
          await house.database.query<{ id: string }>(
            "SELECT id FROM conversations WHERE security_group = 'G3'",
          )
        ).rows;
        expect(looked).to.deep.equal([group?.id]);
        expect(calls).to.equal(1);
        expect(await house.database.query("SELECT FROM room_checks")).to.have.property("rowCount", 0);
        costs.push(statements);
      } finally {
        await house.close();
      }
    }
    const [small = 0, large = 0] = costs;
    expect(large).to.equal(small);
    expect(large).to.be.at.most(45);
  });

  it("is the same for a person with many chats that do not change", async () => {
    const house = await practice(80, 4);
    try {
      for (let other = 0; other < 60; other++) await house.opened(username(70), { users: [username(other)] });
      await furnish(house);
      const { looked, statements } = await join(house, "G1", username(70));
      expect(looked).to.have.length(1);
      expect(statements).to.be.at.most(45);
    } finally {
      await house.close();
    }
  });
});
