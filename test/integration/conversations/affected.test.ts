import { expect } from "chai";
import { drainAccounts } from "../../../src/appservice/account-checks.ts";
import { checkRoom, type DirectoryChange, followChange } from "../../../src/conversations/affected.ts";
import type { ConversationId } from "../../../src/policy/model.ts";
import { type House, id, openHouse } from "../../support/conversations.ts";
import { FlawedHomeserver } from "../../support/flawed-homeserver.ts";

describe("what follows from a change of the directory", () => {
  let house: House;
  const homeserver = new FlawedHomeserver();

  beforeEach(async () => {
    homeserver.calls.length = 0;
    house = await openHouse();
    await house.staff({ users: ["ana", "ben"], groups: { Managers: ["ana", "ben"] } });
    await follow();
    await makeAccounts();
    for (const conversation of await rows("SELECT id FROM conversations"))
      await house.giveRoom(conversation as ConversationId, [id("ana"), id("ben")]);
    await house.takeJobs("room");
    homeserver.calls.length = 0;
  });
  afterEach(() => house.close());

  async function rows(sql: string): Promise<string[]> {
    const found = await house.database.query<{ id: string }>(sql);
    return found.rows.map((row) => row.id);
  }
  async function follow(): Promise<void> {
    for (const change of await house.takeJobs("conversations")) {
      const directory = await house.parts.directory.fresh();
      await followChange(house.database, directory, house.parts.settings, change as never as DirectoryChange);
    }
  }
  const makeAccounts = () => drainAccounts({ ...house.parts, database: house.database, homeserver });
  const looked = async () => (await house.takeJobs("room")).map(({ conversation_id }) => conversation_id);
  const managers = () => rows("SELECT id FROM conversations WHERE security_group = 'Managers'");

  const newcomers = Array.from({ length: 300 }, (_, index) => `new.${index}`);

  it("has rooms looked at at once that somebody may have to leave, however many accounts are still to be made", async () => {
    await house.staff({ users: ["ana", "ben", ...newcomers], groups: { Managers: ["ana"] } });
    await follow();
    expect(await looked()).to.include((await managers())[0]);
  });

  it("has rooms that are still to be made looked at once, when the accounts are there", async () => {
    await house.staff({
      users: ["ana", "ben", "cara"],
      groups: { Managers: ["ana", "ben"], Nurses: ["cara"] },
    });
    await follow();
    const [nurses] = await rows("SELECT id FROM conversations WHERE security_group = 'Nurses'");
    expect(await looked()).not.to.include(nurses);
    await makeAccounts();
    expect((await looked()).filter((each) => each === nurses)).to.have.length(1);
  });

  it("does not put off a room that a job is about to make of the people of before", async () => {
    const [group] = await managers();
    await house.database.query("UPDATE conversations SET room_id = NULL WHERE id = $1", [group]);
    await checkRoom(house.database, group as ConversationId);
    await house.database.query(
      "UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'another' WHERE key = $1",
      [`room:${group}`],
    );
    await house.staff({ users: ["ana", "ben", "cara"], groups: { Managers: ["ana"] } });
    await follow();
    // The one that runs lost its key to the one that comes after it.
    expect(
      await rows(
        `SELECT key AS id FROM graphile_worker._private_jobs WHERE locked_at IS NULL AND key = 'room:${group}'`,
      ),
    ).to.have.length(1);
  });

  it("locks accounts before it makes others, also those that waited already", async () => {
    await house.staff({ users: ["ana", "ben", ...newcomers], groups: { Managers: ["ana", "ben"] } });
    await follow();
    const ben = { username: "ben", active: false };
    await house.staff({ users: ["ana", ben, ...newcomers], groups: { Managers: ["ana", "ben"] } });
    await follow();
    await makeAccounts();
    const locked = homeserver.calls.findIndex(
      ({ path, body }) =>
        decodeURIComponent(path).endsWith(id("ben")) && JSON.stringify(body).includes("locked"),
    );
    expect(locked).to.be.within(0, 20);
    expect(homeserver.calls.length).to.be.greaterThan(newcomers.length);
  });
});
