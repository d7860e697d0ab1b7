import { expect } from "chai";
import { closeOrphanRooms } from "../../../../src/appservice/rooms/orphan-rooms.ts";
import { recordChanges } from "../../../../src/directory/change-log.ts";
import { type DirectorySnapshot, directorySnapshot } from "../../../../src/directory/snapshot.ts";
import { roomOfOne } from "../../../../src/messages/words.ts";
import type { RoomId, UserId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { id, SETTINGS } from "../../../support/practice/conversations.ts";

describe("rooms with only their maker", () => {
  let database: Database;
  let directory: DirectorySnapshot;
  before(async () => {
    database = await testDatabase();
    directory = directorySnapshot(database);
    await database.query("INSERT INTO users (username, name) VALUES ('anna', 'Anna')");
    await recordChanges(database, [{ kind: "user", subject: "anna" }], true);
  });
  after(() => database.close());

  let rooms = 0;
  /** A room first seen this many minutes ago, with these memberships. */
  async function room(minutes: number, creator: UserId, members: Record<string, string>): Promise<string> {
    const roomId = `!${++rooms}:practice.test`;
    await database.query(
      "INSERT INTO rooms (room_id, version, creator, seen_at) VALUES ($1, '11', $2, now() - $3 * interval '1 minute')",
      [roomId, creator, minutes],
    );
    for (const [user, membership] of Object.entries(members)) {
      await database.query(
        "INSERT INTO room_members (room_id, user_id, membership, event_id) VALUES ($1, $2, $3, '')",
        [roomId, user, membership],
      );
    }
    return roomId;
  }

  it("are closed immediately if the invitation was refused, unless someone came after all", async () => {
    const anna = id("anna");
    const alone = await room(0, anna, { [anna]: "join" });
    const other = await room(0, anna, { [anna]: "join" });
    const company = await room(0, anna, { [anna]: "join", [id("ben")]: "join" });
    for (const each of [alone, company])
      await closeOrphanRooms(database, directory, SETTINGS, each as RoomId);
    const closed = await database.query<{ room_id: string }>(
      "SELECT room_id FROM retired_rooms WHERE room_id = ANY($1)",
      [[alone, other, company]],
    );
    expect(closed.rows).to.deep.equal([{ room_id: alone }]);
    await database.query("DELETE FROM retired_rooms");
    await database.query("DELETE FROM outbox");
    await database.query("DELETE FROM rooms");
  });

  it("are closed after an hour, and no others, and their maker is told once", async () => {
    const anna = id("anna");
    const orphan = await room(61, anna, { [anna]: "join", [id("ben")]: "leave" });
    await room(59, anna, { [anna]: "join" });
    await room(61, anna, { [anna]: "join", [id("ben")]: "invite" });
    await room(61, anna, { [anna]: "leave" });
    await room(61, SETTINGS.bot, { [SETTINGS.bot]: "join" });
    await room(61, "@admin:practice.test" as UserId, { "@admin:practice.test": "join" });
    const known = await room(61, anna, { [anna]: "join" });
    await database.query(
      "INSERT INTO conversations (kind, natural_key, room_id) VALUES ('alerts', 'alerts', $1)",
      [known],
    );
    expect(await closeOrphanRooms(database, directory, SETTINGS)).to.equal(1);
    expect(await closeOrphanRooms(database, directory, SETTINGS)).to.equal(0);
    const retired = await database.query<{ room_id: string }>("SELECT room_id FROM retired_rooms");
    expect(retired.rows).to.deep.equal([{ room_id: orphan }]);
    const told = await database.query<{ natural_key: string; body: string }>(
      `SELECT c.natural_key, o.content->>'body' AS body FROM outbox o JOIN conversations c ON c.id = o.conversation_id`,
    );
    expect(told.rows).to.deep.equal([{ natural_key: "control:anna", body: roomOfOne }]);
  });
});
