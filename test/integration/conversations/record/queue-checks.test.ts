import { expect } from "chai";
import { drainAccounts } from "../../../../src/appservice/access/account-checks.ts";
import { followDirectory } from "../../../../src/appservice/access/follow-directory.ts";
import { checkRoom } from "../../../../src/conversations/record/queue-checks.ts";
import type { ConversationId } from "../../../../src/policy/model.ts";
import { counted, Ended } from "../../../support/database/counted.ts";
import { FlawedHomeserver } from "../../../support/homeserver/flawed-homeserver.ts";
import { type House, id, openHouse } from "../../../support/practice/conversations.ts";

describe("the effects of a directory change", () => {
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
    await looked();
    homeserver.calls.length = 0;
  });
  afterEach(() => house.close());

  async function rows(sql: string): Promise<string[]> {
    const found = await house.database.query<{ id: string }>(sql);
    return found.rows.map((row) => row.id);
  }
  const follow = () => followDirectory({ ...house.dependencies, database: house.database });
  const makeAccounts = () =>
    drainAccounts({ ...house.dependencies, database: house.database, homeserver, behind: homeserver });
  /** The rooms to check: in jobs of their own, or in the lanes for rooms that no one is waiting for. */
  const looked = async () => [
    ...(await house.takeJobs("room")).map(({ conversation_id }) => conversation_id),
    ...(await rows("DELETE FROM room_checks WHERE NOT held RETURNING conversation_id AS id")),
  ];
  const managers = () => rows("SELECT id FROM conversations WHERE security_group = 'Managers'");

  const newcomers = Array.from({ length: 300 }, (_, index) => `new.${index}`);

  it("checks rooms that someone may have to leave immediately, however many accounts are still to be created", async () => {
    await house.staff({ users: ["ana", "ben", ...newcomers], groups: { Managers: ["ana"] } });
    await follow();
    expect(await looked()).to.include((await managers())[0]);
  });

  it("locks leavers' accounts immediately, and creates newcomers' accounts after work that people wait for", async () => {
    await house.staff({
      users: [{ username: "ana", active: false }, "ben", "cara"],
      groups: { Managers: ["ana", "ben"] },
    });
    await follow();
    const behind = new FlawedHomeserver();
    await drainAccounts({ ...house.dependencies, database: house.database, homeserver, behind });
    const asked = ({ calls }: FlawedHomeserver) => calls.map(({ path }) => decodeURIComponent(path));
    expect(asked(homeserver)).to.deep.equal([
      `/_synapse/admin/v2/users/${id("ana")}`,
      "/_matrix/client/v3/logout/all",
    ]);
    expect(asked(behind)).to.deep.equal([`/_synapse/admin/v2/users/${id("cara")}`]);
  });

  it("checks rooms that are still to be created once, when the accounts exist", async () => {
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

  it("does not delay a room that a job is about to create for existing people", async () => {
    const [group] = await managers();
    await house.database.query("UPDATE conversations SET room_id = NULL WHERE id = $1", [group]);
    await checkRoom(house.database, group as ConversationId);
    await house.database.query(
      "UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'another' WHERE key = $1",
      [`room:${group}`],
    );
    await house.staff({ users: ["ana", "ben", "cara"], groups: { Managers: ["ana"] } });
    await follow();
    // The running job lost its key to the one queued after it.
    expect(
      await rows(
        `SELECT key AS id FROM graphile_worker._private_jobs WHERE locked_at IS NULL AND key = 'room:${group}'`,
      ),
    ).to.have.length(1);
  });

  it("runs once, however many changes are waiting, and once more for those that arrive meanwhile", async () => {
    const change = (name: string) => house.staff({ users: ["ana", { username: "ben", name }] });
    for (let index = 0; index < 30; index++) await change(`Ben ${index}`);
    expect(await house.takeJobs("conversations")).to.have.length(1);
    await follow();
    await house.takeAccounts();
    await change("Ben again");
    expect(await house.takeJobs("conversations")).to.have.length(1);
    await follow();
    expect(await house.takeAccounts()).to.deep.equal([id("ben")]);
  });

  it("reach people who had AccessWhisper through a group that no longer gives it", async () => {
    const [nurses, managers] = [
      { id: "Nurses", name: "Nurses", members: ["cara"], permissions: ["AccessWhisper"] },
      { id: "Managers", name: "Managers", members: ["ana", "ben"], permissions: [] },
    ];
    const cara = { username: "cara", permissions: [] };
    const nobody = { id: "Default", name: "Default", members: [], permissions: [] };
    const send = (...groups: object[]) =>
      house.import([{ username: "ana" }, { username: "ben" }, cara], [nobody, ...groups]);
    await send(nurses, managers);
    await follow();
    await makeAccounts();
    await looked();
    homeserver.calls.length = 0;
    await send({ ...nurses, permissions: [] }, managers);
    await follow();
    await makeAccounts();
    expect(homeserver.calls.map(({ path, body }) => [decodeURIComponent(path), body])).to.deep.include([
      `/_synapse/admin/v2/users/${id("cara")}`,
      { locked: true },
    ]);
  });

  it("happen even if the process ends at any statement", async () => {
    const total = await statementsOfAChange("ben", Number.POSITIVE_INFINITY);
    expect(total).to.be.greaterThan(5);
    for (let last = 1; last <= total; last++) {
      const left = last % 2 === 0 ? "ben" : "ana";
      await statementsOfAChange(left, last);
      await follow();
      expect(await looked(), `ended after statement ${last}`).to.include((await managers())[0]);
    }
  });

  /** One of the two leaves Managers and the other joins. Following this ends when the process does, at a statement. */
  async function statementsOfAChange(left: string, last: number): Promise<number> {
    const stays = left === "ben" ? "ana" : "ben";
    await house.staff({ users: ["ana", "ben"], groups: { Managers: [stays] } });
    const { database, statements } = counted(house.database, last);
    await followDirectory({ ...house.dependencies, database }).catch((error: unknown) => {
      if (!(error instanceof Ended)) throw error;
    });
    return statements.length;
  }

  it("are complete even if two processes work on them at the same time", async () => {
    const names = Array.from({ length: 1_500 }, (_, index) => `person.${index}`);
    await house.staff({ users: ["ana", "ben", ...names] });
    await Promise.all([follow(), follow(), follow()]);
    expect(await house.takeAccounts()).to.have.length(names.length + 1); // and Default's handle
    expect(await rows("SELECT seq AS id FROM directory_changes WHERE NOT followed")).to.deep.equal([]);
  });

  it("locks accounts before creating others, even those that were already waiting", async () => {
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
