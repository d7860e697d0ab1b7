import { expect } from "chai";
import pino from "pino";
import { followDirectory } from "../../../../src/appservice/access/follow-directory.ts";
import type { Homeserver } from "../../../../src/appservice/homeserver/homeserver.ts";
import { reconcileRoom } from "../../../../src/appservice/rooms/reconciler.ts";
import { roomEvents } from "../../../../src/appservice/rooms/room-events.ts";
import type { MatrixEvent } from "../../../../src/messages/event.ts";
import type { ConversationId, EventId, RoomId } from "../../../../src/policy/model.ts";
import { type House, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

const ROOM = "!made:practice.test" as RoomId;

describe("a room that Whisper creates", () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
    await house.staff({ users: ["ana"], groups: { Nurses: ["ana"] } });
    await followDirectory({ ...house.dependencies, database: house.database });
    await house.takeJobs("room");
  });
  afterEach(() => house.close());

  for (const late of [false, true]) {
    it(`is not looked at again for the events that it is made of, ${late ? "when they come late" : "when they come at once"}`, async () => {
      const events: MatrixEvent[] = [];
      const heard = async () => {
        for (const event of events)
          await house.database.transaction((tx) => roomEvents(house.dependencies).handle(tx, event));
      };
      const homeserver: Homeserver = {
        call: async <T>({ path, body }: { path: string; body?: unknown }) => {
          if (path.endsWith("/createRoom")) {
            events.push(...madeOf(body as Creation));
            return { room_id: ROOM } as T;
          }
          // Synapse's transactions arrive while Whisper asks for the whole room.
          if (path.endsWith("/state")) {
            if (!late) await heard();
            return events as T;
          }
          return {} as T;
        },
      };
      const [nurses] = (
        await house.database.query<{ id: ConversationId }>(
          "SELECT id FROM conversations WHERE security_group = 'Nurses'",
        )
      ).rows;
      await reconcileRoom(
        {
          ...house.dependencies,
          database: house.database,
          homeserver,
          log: pino({ level: "silent" }),
          roomTaken: () => Promise.resolve(),
        },
        nurses?.id as ConversationId,
      );
      if (late) await heard();
      expect(await house.takeJobs("room")).to.deep.equal([]);
    });
  }
});

interface Creation {
  readonly power_level_content_override: Record<string, unknown>;
  readonly initial_state: ReadonlyArray<{ readonly type: string; readonly content: Record<string, unknown> }>;
}

function madeOf({ power_level_content_override, initial_state }: Creation): MatrixEvent[] {
  const state = [
    { type: "m.room.create", state_key: "", content: { room_version: "11" } },
    { type: "m.room.member", state_key: SETTINGS.bot, content: { membership: "join" } },
    { type: "m.room.power_levels", state_key: "", content: power_level_content_override },
    ...initial_state.map((each) => ({ state_key: "", ...each })),
  ];
  return state.map((each, index) => ({
    ...each,
    event_id: `$made${index}` as EventId,
    room_id: ROOM,
    sender: SETTINGS.bot,
    origin_server_ts: index + 1,
  }));
}
