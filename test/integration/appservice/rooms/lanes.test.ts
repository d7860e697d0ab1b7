import { expect } from "chai";
import pino from "pino";
import { drainLane } from "../../../../src/appservice/rooms/room-lanes.ts";
import { checkRoom, checkRoomsSoon } from "../../../../src/conversations/record/queue-checks.ts";
import {
  checkRoomsLater,
  continueLane,
  releaseRooms,
} from "../../../../src/conversations/record/room-checks.ts";
import type { JobRunner } from "../../../../src/jobs/runner.ts";
import type { ConversationId, ConversationKind } from "../../../../src/policy/model.ts";
import {
  Away,
  type JobsDatabase,
  jobsDatabase,
  runJobs,
  type SomeTasks,
} from "../../../support/database/jobs.ts";
import { eventually } from "../../../support/eventually.ts";

describe("rooms for which no one waits", () => {
  let jobs: JobsDatabase;
  const runners: JobRunner[] = [];

  beforeEach(async () => {
    jobs = await jobsDatabase();
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop();
    await jobs.database.close();
  });

  /** Creates this many conversations without a room. */
  async function conversations(count: number, kind: ConversationKind = "group") {
    const found = await jobs.database.query<{ id: ConversationId; kind: ConversationKind }>(
      `INSERT INTO conversations (kind, natural_key) SELECT $2, $2 || gen_random_uuid() FROM generate_series(1, $1)
       RETURNING id, kind`,
      [count, kind],
    );
    return found.rows;
  }
  const left = async () => (await jobs.database.query("SELECT FROM room_checks")).rowCount ?? 0;
  const noneLeft = () =>
    eventually("no room to be left", async () => {
      const waiting = await jobs.database.query("SELECT FROM graphile_worker._private_jobs");
      return (await left()) === 0 && waiting.rowCount === 0;
    });

  const start = async (look: (id: ConversationId) => Promise<boolean>, tasks: SomeTasks = {}) => {
    const { database } = jobs;
    const lanes = {
      database,
      look,
      log: pino({ level: "silent" }),
      isAway: (error: unknown) => error instanceof Away,
    };
    runners.push(
      await runJobs(jobs, {
        rooms: async ({ lane }, inTurn) => {
          const next = await drainLane(lanes, lane, inTurn);
          if (next !== null) await continueLane(database, lane, next);
        },
        ...tasks,
      }),
    );
  };

  it("never delay work that people wait for, however many there are", async () => {
    const some = await conversations(200);
    const [theirs] = await conversations(1);
    const begun = new Set<ConversationId>();
    const end = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<string>();
    await start(
      async (id) => {
        begun.add(id);
        await end.promise;
        return false;
      },
      { room: async ({ conversation_id }) => opened.resolve(conversation_id) },
    );
    await jobs.database.transaction((tx) => checkRoomsLater(tx, some));
    await eventually("all lanes to be busy", () => begun.size === 8);
    // Rooms queued for the lanes in the meantime wait for them, and use no other worker.
    for (const one of await conversations(30)) {
      await jobs.database.transaction((tx) => checkRoomsLater(tx, [one]));
    }
    await checkRoom(jobs.database, theirs?.id as ConversationId);
    expect(await opened.promise).to.equal(theirs?.id);
    expect(begun.size).to.equal(8);
    end.resolve();
    await noneLeft();
    expect(begun.size).to.equal(230);
  });

  it("are all checked, most needed first, even by two processes", async () => {
    const groups = await conversations(20);
    const control = await conversations(20, "control");
    const order: ConversationId[] = [];
    const running = new Set<ConversationId>();
    const look = async (id: ConversationId) => {
      expect(running.has(id), "one room is looked at by two at once").to.equal(false);
      running.add(id);
      order.push(id);
      await new Promise(setImmediate);
      running.delete(id);
      return false;
    };
    await jobs.database.transaction((tx) => checkRoomsLater(tx, [...control, ...groups]));
    await start(look);
    await start(look);
    await noneLeft();
    expect(new Set(order).size).to.equal(40);
    const isControl = new Set(control.map(({ id }) => id));
    expect(order.findIndex((id) => isControl.has(id))).to.equal(20);
  });

  it("are held until their people's accounts exist", async () => {
    const seen: ConversationId[] = [];
    await start(async (id) => {
      seen.push(id);
      return false;
    });
    const [held, free] = [await conversations(3), await conversations(1)];
    await jobs.database.transaction(async (tx) => {
      await checkRoomsLater(tx, held, true);
      await checkRoomsLater(tx, free);
    });
    await eventually("the others to be done", async () => (await left()) === 3);
    expect(seen).to.deep.equal(free.map(({ id }) => id));
    await jobs.database.transaction(releaseRooms);
    await noneLeft();
  });

  it("are retried alone if one fails, and the others continue", async () => {
    const [broken, ...others] = await conversations(12);
    const seen = new Set<ConversationId>();
    const again = Promise.withResolvers<string>();
    await start(
      async (id) => {
        if (id === broken?.id) throw new Error("no");
        seen.add(id);
        return false;
      },
      { room: async ({ conversation_id }) => again.resolve(conversation_id) },
    );
    await jobs.database.transaction((tx) => checkRoomsLater(tx, [broken as (typeof others)[0], ...others]));
    expect(await again.promise).to.equal(broken?.id);
    await noneLeft();
    expect(seen.size).to.equal(11);
  });

  it("stay queued while the other side is down, and return if there is more to do", async () => {
    const some = await conversations(3);
    let away = 2;
    const looks = new Map<ConversationId, number>();
    await start(async (id) => {
      if (away-- > 0) throw new Away();
      looks.set(id, (looks.get(id) ?? 0) + 1);
      return looks.get(id) === 1;
    });
    await jobs.database.transaction((tx) => checkRoomsLater(tx, some));
    await noneLeft();
    expect([...looks.values()]).to.deep.equal([2, 2, 2]);
  });

  it("keep their place in the queue: later requests never delay them", async () => {
    const [one] = await conversations(1);
    const id = one?.id as ConversationId;
    await checkRoom(jobs.database, id);
    await checkRoomsSoon(jobs.database, [id]);
    const found = await jobs.database.query<{ priority: number }>(
      "SELECT priority FROM graphile_worker._private_jobs",
    );
    expect(found.rows).to.deep.equal([{ priority: 0 }]);
  });
});
