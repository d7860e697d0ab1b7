import { expect } from "chai";
import type { QueryResultRow } from "pg";
import pino from "pino";
import { type Homeserver, MatrixRefused } from "../../../../src/appservice/homeserver/homeserver.ts";
import { adoptRoom } from "../../../../src/appservice/rooms/adoption.ts";
import { reconcileRoom } from "../../../../src/appservice/rooms/reconciler.ts";
import { refetchRoom } from "../../../../src/appservice/rooms/room-steps.ts";
import type { MatrixEvent } from "../../../../src/messages/event.ts";
import {
  type ConversationId,
  type EventId,
  MARKER_TYPE,
  type RoomId,
  type UserId,
} from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";
import { furnish } from "../../../support/practice/furnished.ts";

const ROOM = "!begun:practice.test" as RoomId;

/** The process ended, as far as the work on the room can tell. */
class Killed extends Error {}

describe("a room that is begun for someone", () => {
  let house: House;
  let events: MatrixEvent[];
  let made: number;
  /** The call at which the process ends, after Synapse has done it. */
  let killedAt: string | null;
  let isShut: boolean;

  /** Synapse, as far as this room goes: Whisper is not in it, so it sees it only as an administrator. */
  const homeserver: Homeserver = {
    call: async <T>({ path, body, as }: { path: string; body?: unknown; as?: UserId }) => {
      const answer = answerTo(path, body, as);
      if (killedAt !== null && path.endsWith(killedAt)) throw new Killed();
      return answer as T;
    },
  };

  function answerTo(path: string, body: unknown, as: UserId = SETTINGS.bot): unknown {
    if (path.endsWith("/createRoom")) {
      made += 1;
      events = madeOf(body as Creation, as);
      return { room_id: ROOM };
    }
    if (path.startsWith("/_matrix/client/v3/join/")) {
      if (isShut)
        throw new MatrixRefused({ method: "POST", path }, 403, "M_FORBIDDEN", "The room is blocked");
      events.push(event({ type: "m.room.member", state_key: as, content: JOINED }, as));
      return { room_id: ROOM };
    }
    if (path.endsWith("/state")) return path.startsWith("/_synapse/") ? { state: events } : events;
    if (path.endsWith(`/${MARKER_TYPE}/`)) return events.find(({ type }) => type === MARKER_TYPE)?.content;
    const isIn = events.some(({ type, state_key }) => type === "m.room.member" && state_key === as);
    if (path.endsWith("/joined_rooms")) return { joined_rooms: isIn ? [ROOM] : [] };
    return {};
  }

  const dependencies = () => ({
    ...house.dependencies,
    database: house.database,
    homeserver,
    log: pino({ level: "silent" }),
    roomTaken: () => Promise.resolve(),
  });

  /** Ana asks for it, and Whisper is killed once it has made this call. */
  async function begin(users: readonly string[], call: string): Promise<ConversationId> {
    const opened = await house.open("ana", { users });
    if (!("id" in opened)) throw new Error("the conversation was refused");
    killedAt = call;
    const died = await reconcileRoom(dependencies(), opened.id, undefined, id("ana")).catch(
      (error: unknown) => error,
    );
    expect(died).to.be.instanceOf(Killed);
    killedAt = null;
    return opened.id;
  }

  /** The conversation's room, and those that are to be closed. */
  async function rooms(conversation: ConversationId): Promise<unknown[]> {
    const { rows } = await house.database.query<{ room_id: string }>(
      "SELECT room_id FROM conversations WHERE id = $1 UNION ALL SELECT room_id FROM retired_rooms",
      [conversation],
    );
    return rows.map(({ room_id }) => room_id);
  }

  beforeEach(async () => {
    house = await openHouse();
    await house.staff({ users: ["ana", "ben", "cara"] });
    await furnish(house);
    [made, events, isShut] = [0, [], false];
  });
  afterEach(() => house.close());

  for (const users of [["ben"], ["ben", "cara"]])
    it(`is not replaced when Whisper is killed before it has fetched it, for ${users.length + 1}`, async () => {
      const conversation = await begin(users, "/state");
      // The job is tried again if it throws.
      const check = () => reconcileRoom(dependencies(), conversation);
      await check().catch(check);
      expect({ made, rooms: await rooms(conversation) }).to.deep.equal({ made: 1, rooms: [ROOM] });
      const members = events.filter(({ type }) => type === "m.room.member").map((each) => each.state_key);
      expect(members).to.have.members([id("ana"), ...users.map(id)]);
    });

  it("is not closed by its adoption, at whichever moment its conversation takes it", async () => {
    // Synapse tells of the room, which Whisper does not know, before Whisper hears that it was made.
    for (let moment = 0; ; moment += 1) {
      const conversation = await begin(["ben"], "/createRoom");
      let passed = 0;
      const atMoment = async <T>(answer: T): Promise<T> => {
        if (passed++ === moment) await reconcileRoom(dependencies(), conversation);
        return answer;
      };
      const { database } = house;
      const watched: Database = {
        ...database,
        query: async <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) =>
          atMoment(await database.query<Row>(text, values)),
        transaction: async (work) => atMoment(await database.transaction(work)),
      };
      // While it is undecided the adoption throws, and is tried again.
      const adopt = (from: Database) =>
        adoptRoom({ ...dependencies(), database: from }, ROOM, (_queue, work) => work());
      await adopt(watched)
        .catch(() => adopt(database))
        .catch(() => undefined);
      if (passed <= moment) return;
      expect(await rooms(conversation), `after query ${moment}`).to.deep.equal([ROOM]);
      await forget(conversation);
    }
  });

  it("is replaced if it is shut down before Whisper is in it", async () => {
    const conversation = await begin(["ben"], "/state");
    const check = () => reconcileRoom(dependencies(), conversation);
    await check().catch(check);
    // An administrator puts everyone out, and the homeserver lets nobody back in (Delete Room API).
    events = events.map((each) =>
      each.type === "m.room.member" ? { ...each, content: { membership: "leave" } } : each,
    );
    isShut = true;
    await refetchRoom(house.database, homeserver, ROOM);
    await check();
    expect(await rooms(conversation)).to.deep.equal([null, ROOM]);
  });

  /** As if there had been neither the conversation nor the room. */
  async function forget(conversation: ConversationId): Promise<void> {
    for (const [table, column, value] of [
      ["conversations", "id", conversation],
      ["retired_rooms", "room_id", ROOM],
      ["rooms", "room_id", ROOM],
      ["room_state", "room_id", ROOM],
      ["room_members", "room_id", ROOM],
    ])
      await house.database.query(`DELETE FROM ${table} WHERE ${column} = $1`, [value]);
  }
});

const JOINED = { membership: "join" };

interface Creation {
  readonly power_level_content_override: Record<string, unknown>;
  readonly initial_state: ReadonlyArray<{ readonly type: string; readonly content: Record<string, unknown> }>;
}

let count = 0;
const event = (
  content: Pick<MatrixEvent, "type" | "state_key" | "content">,
  sender: UserId = SETTINGS.bot,
): MatrixEvent => ({
  ...content,
  event_id: `$begun${++count}` as EventId,
  room_id: ROOM,
  sender,
  origin_server_ts: count,
});

const madeOf = ({ power_level_content_override, initial_state }: Creation, by: UserId): MatrixEvent[] =>
  [
    { type: "m.room.create", state_key: "", content: { room_version: "11" } },
    { type: "m.room.member", state_key: by, content: JOINED },
    { type: "m.room.power_levels", state_key: "", content: power_level_content_override },
    ...initial_state.map((each) => ({ state_key: "", ...each })),
  ].map((each) => event(each, by));
