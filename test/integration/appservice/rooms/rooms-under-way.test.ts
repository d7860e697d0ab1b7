import { expect } from "chai";
import { roomAudit } from "../../../../src/appservice/rooms/room-inspection.ts";
import { directorySnapshot } from "../../../../src/directory/snapshot.ts";
import type { RoomId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { SETTINGS } from "../../../support/practice/conversations.ts";

const ROOM = "!made:practice.test" as RoomId;
const { bot } = SETTINGS;

describe("one of Whisper's own rooms before its conversation is known", () => {
  let database: Database;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database.close());

  const state = [
    { type: "m.room.create", state_key: "", sender: bot, content: { room_version: "11" } },
    { type: "m.room.member", state_key: bot, sender: bot, content: { membership: "join" } },
  ].map((event, index) => ({ ...event, event_id: `$${index}`, room_id: ROOM, origin_server_ts: 0 }));
  const find = () =>
    roomAudit({
      database,
      directory: directorySnapshot(database),
      settings: SETTINGS,
      homeserver: { call: async () => ({ state }) as never },
    }).repair.unknown(ROOM, bot);
  const closed = async () => (await database.query("SELECT FROM retired_rooms")).rowCount === 1;

  it("is left alone while it may become a conversation's, and closed if it does not", async () => {
    await find();
    await find();
    expect(await closed()).to.equal(false);
    await database.query("UPDATE rooms SET seen_at = now() - interval '11 minutes'");
    await find();
    expect(await closed()).to.equal(true);
  });

  it("is left alone if it has become one, however long ago it was seen", async () => {
    await find();
    await database.query("UPDATE rooms SET seen_at = now() - interval '1 day'");
    await database.query(
      "INSERT INTO conversations (kind, natural_key, room_id) VALUES ('alerts', 'alerts', $1)",
      [ROOM],
    );
    await find();
    expect(await closed()).to.equal(false);
  });
});
