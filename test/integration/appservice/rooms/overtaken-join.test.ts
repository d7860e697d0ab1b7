import { expect } from "chai";
import pino from "pino";
import { followDirectory } from "../../../../src/appservice/access/follow-directory.ts";
import type { Homeserver } from "../../../../src/appservice/homeserver/homeserver.ts";
import { reconcileRoom } from "../../../../src/appservice/rooms/reconciler.ts";
import type { ConversationId } from "../../../../src/policy/model.ts";
import { type House, id, openHouse } from "../../../support/practice/conversations.ts";
import { furnish } from "../../../support/practice/furnished.ts";

describe("people who lose access while they are being let into a room", () => {
  let house: House;
  const joined: string[] = [];
  /** Called while Synapse lets this person in. */
  let during: (user: string) => Promise<void>;
  const homeserver: Homeserver = {
    call: async <T>({ path, body }: { path: string; body?: unknown }) => {
      if (path.includes("/join/")) {
        const { user_id } = body as { user_id: string };
        joined.push(user_id);
        await during(user_id);
      }
      return { event_id: "$made" } as T;
    },
  };
  const everybody = ["ana", "ben", "cara", "dan", "eva"];

  beforeEach(async () => {
    joined.length = 0;
    house = await openHouse();
    await house.staff({ users: everybody });
    await furnish(house);
  });
  afterEach(() => house.close());

  /** Fills the alerts' room with the people missing from it. `leaver` becomes inactive while `whileComes` is let in. */
  async function fill(leaver: string, whileComes: string): Promise<unknown[]> {
    const [alerts] = (
      await house.database.query<{ id: ConversationId; room_id: string }>(
        "SELECT id, room_id FROM conversations WHERE kind = 'alerts'",
      )
    ).rows;
    await house.database.query("DELETE FROM room_members WHERE room_id = $1 AND user_id = ANY($2)", [
      alerts?.room_id,
      ["cara", "dan", "eva"].map(id),
    ]);
    const dependencies = { ...house.dependencies, database: house.database };
    const changed = Promise.withResolvers<void>();
    during = async (user) => {
      // Two people are let in side by side. The other one does not finish first.
      if (user !== id(whileComes)) return changed.promise;
      await house.staff({
        users: everybody.map((username) => ({ username, active: username !== leaver })),
      });
      await followDirectory(dependencies);
      changed.resolve();
    };
    await reconcileRoom(
      {
        ...dependencies,
        homeserver,
        log: pino({ level: "silent" }),
        roomTaken: () => Promise.resolve(),
      },
      alerts?.id as ConversationId,
    );
    return (await house.takeJobs("room")).filter((job) => job.conversation_id === alerts?.id);
  }

  it("are not let in if that was before their turn", async () => {
    await fill("eva", "cara");
    expect(joined).to.have.members([id("cara"), id("dan")]);
  });

  it("are removed again if that was during their turn", async () => {
    expect(await fill("dan", "dan")).to.have.length(1);
    expect(joined).to.include(id("dan"));
  });
});
