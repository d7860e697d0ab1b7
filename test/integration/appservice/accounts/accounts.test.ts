import { expect } from "chai";
import { type ExpectedAccount, syncAccounts } from "../../../../src/appservice/accounts/accounts.ts";
import {
  type Homeserver,
  HomeserverAway,
  MatrixRefused,
} from "../../../../src/appservice/homeserver/homeserver.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";

const user = (name: string) => `@ht_${name}:practice.test` as UserId;
const account = (more: Partial<ExpectedAccount> = {}): ExpectedAccount => ({
  displayName: "Mia Chen",
  picture: null,
  locked: false,
  muted: false,
  ...more,
});
const nothing = () => Promise.resolve();

describe("accounts", () => {
  let database: Database;
  /** Called before each answer. Throws if the homeserver should not answer. */
  let onCall: (path: string) => void | Promise<void>;
  const homeserver: Homeserver = {
    call: async <T>(call: { path: string }) => {
      await onCall(decodeURIComponent(call.path));
      return {} as T;
    },
  };

  beforeEach(async () => {
    database = await testDatabase();
    onCall = () => undefined;
  });
  afterEach(() => database.close());

  const recorded = async () =>
    (await database.query("SELECT user_id, display_name, locked, muted FROM accounts ORDER BY user_id")).rows;
  const unanswered = () => {
    throw new HomeserverAway({ method: "PUT", path: "/" }, 500);
  };

  it("are created even if the homeserver does not answer for one of them", async () => {
    onCall = (path) => (path.includes("ht_odd") ? unanswered() : undefined);
    const wanted = new Map(["anna", "odd", "zoe"].map((name) => [user(name), account()]));
    const failed = await syncAccounts(database, homeserver, wanted, nothing);
    expect([...failed.keys()]).to.deep.equal([user("odd")]);
    expect((await recorded()).map((row) => row.user_id)).to.deep.equal([user("anna"), user("zoe")]);
  });

  it("are created even if someone else is creating them, and fail if they are otherwise refused", async () => {
    const refusedOnce = new Map([
      ["taken", "M_USER_IN_USE"],
      ["wrong", "M_INVALID_USERNAME"],
    ]);
    onCall = (path) => {
      for (const [name, errcode] of refusedOnce) {
        if (!path.includes(name)) continue;
        refusedOnce.delete(name);
        throw new MatrixRefused({ method: "PUT", path }, 400, errcode, "");
      }
    };
    const wanted = new Map(["taken", "wrong"].map((name) => [user(name), account()]));
    const failed = await syncAccounts(database, homeserver, wanted, nothing);
    expect([...failed.keys()]).to.deep.equal([user("wrong")]);
    expect((await recorded()).map((row) => row.user_id)).to.deep.equal([user("taken")]);
  });

  it("are left for later if the homeserver is down, without a call for each", async () => {
    let calls = 0;
    onCall = () => {
      calls++;
      unanswered();
    };
    const wanted = new Map(Array.from({ length: 100 }, (_, index) => [user(`user${index}`), account()]));
    const failure = await syncAccounts(database, homeserver, wanted, nothing).catch(
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(HomeserverAway);
    expect(calls).to.be.below(20);
  });

  it("keep what another process recorded meanwhile", async () => {
    const mia = user("mia");
    await syncAccounts(database, homeserver, new Map([[mia, account()]]), nothing);
    // A sign-in brings the new name while the directory's job locks the account.
    onCall = async () => {
      onCall = () => undefined;
      await syncAccounts(database, homeserver, new Map([[mia, account({ locked: true })]]), nothing);
    };
    await syncAccounts(database, homeserver, new Map([[mia, account({ displayName: "Mia Wong" })]]), nothing);
    expect(await recorded()).to.deep.equal([
      { user_id: mia, display_name: "Mia Wong", locked: true, muted: false },
    ]);
  });
});
