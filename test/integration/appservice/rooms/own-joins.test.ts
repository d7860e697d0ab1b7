import { expect } from "chai";
import pino from "pino";
import {
  type Homeserver,
  type HomeserverCall,
  MatrixRefused,
} from "../../../../src/appservice/homeserver/homeserver.ts";
import { reconcileRoom } from "../../../../src/appservice/rooms/reconciler.ts";
import { roomEvents } from "../../../../src/appservice/rooms/room-events.ts";
import { awaitOwnMember } from "../../../../src/mirror/mirror.ts";
import type { ConversationId, EventId, Membership, RoomId } from "../../../../src/policy/model.ts";
import { type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";
import { furnish } from "../../../support/practice/furnished.ts";

const newcomers = Array.from({ length: 12 }, (_, index) => `new.${index}`);

describe("people whom Whisper lets into a room", () => {
  let house: House;
  let nurses: { id: ConversationId; room: RoomId };
  beforeEach(async () => {
    house = await openHouse();
    await house.staff({ users: ["ana", ...newcomers], groups: { Nurses: ["ana", ...newcomers] } });
    await furnish(house);
    const found = await house.database.query<{ id: ConversationId; room: RoomId }>(
      "SELECT id, room_id AS room FROM conversations WHERE security_group = 'Nurses'",
    );
    const [row] = found.rows;
    if (row === undefined) throw new Error("the group has no conversation");
    nurses = row;
    // Everyone except Ana has yet to be let in.
    await house.database.query("DELETE FROM room_members WHERE room_id = $1 AND user_id = ANY($2)", [
      nurses.room,
      newcomers.map(id),
    ]);
    await house.takeJobs("room");
  });
  afterEach(() => house.close());

  const rooms = () => roomEvents(house.dependencies);
  const heard = (username: string, membership: Membership) =>
    house.database.transaction((tx) =>
      rooms().handle(tx, {
        event_id: `$${username}-${membership}` as EventId,
        room_id: nurses.room,
        sender: membership === "invite" ? SETTINGS.bot : id(username),
        type: "m.room.member",
        state_key: id(username),
        content: { membership },
        origin_server_ts: house.clock++,
      }),
    );
  const dependencies = (homeserver: Homeserver) => ({
    ...house.dependencies,
    database: house.database,
    homeserver,
    log: pino({ level: "silent" }),
    roomTaken: () => Promise.resolve(),
  });
  const looks = async () => (await house.takeJobs("room")).length;

  it("cause no check of the room, even if their events arrive before Synapse's answer", async () => {
    await awaitOwnMember(house.database, nurses.room, id("new.0"), "join");
    await heard("new.0", "invite");
    await heard("new.0", "join");
    expect(await looks()).to.equal(0);
  });

  it("cause a check if they no longer belong there: an abandoned call took effect late", async () => {
    await awaitOwnMember(house.database, nurses.room, id("new.0"), "join");
    await house.staff({ users: ["ana", ...newcomers], groups: { Nurses: ["ana"] } });
    await heard("new.0", "invite");
    expect(await looks()).to.equal(1);
    await heard("new.0", "join");
    expect(await looks()).to.equal(1);
  });

  it("cause a check if Whisper was not letting them in, or they leave", async () => {
    await heard("new.0", "join");
    expect(await looks()).to.equal(1);
    await awaitOwnMember(house.database, nurses.room, id("new.1"), "join");
    await heard("new.1", "join");
    await heard("new.1", "leave");
    expect(await looks()).to.equal(1);
  });

  it("are let in two at a time, so that Synapse always has the next one", async () => {
    let underWay = 0;
    const seen: number[] = [];
    const homeserver: Homeserver = {
      call: async <T>() => {
        seen.push(++underWay);
        // Long enough for the others to get this far.
        for (let turn = 0; turn < 3; turn++) await house.database.query("SELECT pg_sleep(0.01)");
        underWay--;
        return {} as T;
      },
    };
    const more = await reconcileRoom(dependencies(homeserver), nurses.id);
    expect(more, "two of the twelve are left for the next turn").to.equal(true);
    expect(seen).to.have.length(10);
    expect(Math.max(...seen)).to.equal(2);
  });

  it("are let in although Synapse refuses all those before them", async () => {
    const asked: unknown[] = [];
    const homeserver: Homeserver = {
      call: async <T>(call: HomeserverCall) => {
        if (call.method === "GET") return [] as T;
        const { user_id: user } = call.body as { user_id: string };
        asked.push(user);
        if (asked.length < newcomers.length)
          throw new MatrixRefused(call, 403, "M_USER_SUSPENDED", "The account is suspended");
        return {} as T;
      },
    };
    const looked = await reconcileRoom(dependencies(homeserver), nurses.id).catch((error: unknown) => error);
    expect(looked, "it is tried again later").to.be.instanceOf(MatrixRefused);
    expect(asked).to.have.members(newcomers.map(id));
  });
});
