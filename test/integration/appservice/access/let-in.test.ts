import { expect } from "chai";
import pino from "pino";
import { drainAccounts } from "../../../../src/appservice/access/account-checks.ts";
import { followDirectory } from "../../../../src/appservice/access/follow-directory.ts";
import { letIn, letInFirst } from "../../../../src/appservice/access/let-in.ts";
import type { Homeserver } from "../../../../src/appservice/homeserver/homeserver.ts";
import type { ConversationId, Username } from "../../../../src/policy/model.ts";
import { type House, id, openHouse } from "../../../support/practice/conversations.ts";
import { furnish } from "../../../support/practice/furnished.ts";

describe("someone who signs in while a whole practice is imported", () => {
  let house: House;
  /** Who joined a room, in the order of the calls. */
  const joined: string[] = [];
  const homeserver: Homeserver = {
    call: async <T>({ path, body }: { path: string; body?: unknown }) => {
      if (path.includes("/join/")) joined.push((body as { user_id: string }).user_id);
      return { event_id: "$made" } as T;
    },
  };
  const newcomers = Array.from({ length: 120 }, (_, index) => `new.${index}`);
  const late = "new.117" as Username;

  before(async () => {
    house = await openHouse();
    await house.staff({ users: ["ana"], groups: { Nurses: ["ana"] } });
    await furnish(house);
    await house.staff({ users: ["ana", ...newcomers], groups: { Nurses: ["ana", ...newcomers] } });
    const dependencies = { ...house.dependencies, database: house.database, homeserver, behind: homeserver };
    await followDirectory(dependencies);
    await drainAccounts(dependencies);
    await house.giveRoom((await house.controlOf(late)) as ConversationId, []);
  });
  after(() => house.close());

  it("is let into their rooms before everyone else, and the others follow in turn", async () => {
    const dependencies = {
      ...house.dependencies,
      database: house.database,
      homeserver,
      log: pino({ level: "silent" }),
      roomTaken: () => Promise.resolve(),
    };
    const rooms = async () =>
      (
        await house.database.query("SELECT FROM room_members WHERE user_id = $1 AND membership = 'join'", [
          id(late),
        ])
      ).rowCount;
    const waiting = async () => (await house.database.query("SELECT FROM room_checks")).rowCount ?? 0;
    const before = await waiting();
    expect(before).to.be.greaterThan(100);
    await letInFirst(house.database, late);
    expect(await house.takeJobs("rooms_of")).to.deep.equal([{ username: late }]);
    await letIn(dependencies, late, (_, work) => work());
    // Nurses, Default, the alerts and the chat with Whisper.
    expect(joined).to.deep.equal(Array(4).fill(id(late)));
    expect(await rooms()).to.equal(4);
    expect(await waiting()).to.equal(before);
  });

  it("costs one query if nothing is waiting", async () => {
    await house.database.query("DELETE FROM room_checks");
    await letInFirst(house.database, late);
    expect(await house.takeJobs("rooms_of")).to.deep.equal([]);
  });
});
