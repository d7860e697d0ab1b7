import { expect } from "chai";
import fc from "fast-check";
import { activityEvents } from "../../../../src/conversations/list/activity-events.ts";
import { archiveQuiet } from "../../../../src/conversations/list/archive.ts";
import { ARCHIVED_KEY, followTags } from "../../../../src/conversations/list/tags.ts";
import type { EventId, RoomId } from "../../../../src/policy/model.ts";
import { DAY, type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";
import { Tags } from "../../../support/practice/tags.ts";

describe("three-day visibility", () => {
  let house: House;
  const tags = new Tags();
  before(async () => {
    house = await openHouse(() => [activityEvents(SETTINGS)]);
    await house.staff({ users: ["anna", "ben", "cara"], groups: { Doctors: ["anna", "ben", "cara"] } });
  });
  after(() => house.close());

  /** Runs the hourly job, and then the tag updates. */
  const tick = async () => {
    await archiveQuiet(house.database, house.dependencies);
    for (const { room_id } of await house.takeJobs("tags"))
      await followTags(house.database, tags, room_id as RoomId);
  };
  const isTagged = (room: RoomId, username: string) => {
    const low = tags.all.get(`${id(username)} ${room}`)?.["m.lowpriority"];
    return ARCHIVED_KEY in ((low as object | undefined) ?? {});
  };
  const entry = async (room: RoomId, username: string) =>
    (await house.list(username, true)).find((each) => each.room_id === room);

  it("agrees with a simple model over any sequence of events", async function () {
    this.timeout(120_000);
    const step = fc.oneof(
      fc.record({ do: fc.constant("say" as const), who: fc.constantFrom("anna", "ben", "cara") }),
      fc.record({ do: fc.constant("read" as const), who: fc.constantFrom("anna", "ben", "cara") }),
      fc.record({ do: fc.constant("open" as const), who: fc.constantFrom("anna", "ben", "cara") }),
      fc.record({ do: fc.constant("wait" as const), days: fc.constantFrom(1, 2, 3, 4) }),
    );
    const people = ["anna", "ben", "cara"];
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const name = `Group ${++count}`;
        const group = await house.open("anna", { users: ["ben", "cara"] }, name);
        const room = await house.giveRoom("id" in group ? group.id : ("" as never), people.map(id));
        let last: { at: number; event: EventId } | null = null;
        const unreadBy = new Map(people.map((each) => [each, 0]));
        const openedAt = new Map<string, number>([["anna", house.clock]]);
        for (const each of steps) {
          if (each.do === "say") {
            last = { at: house.clock, event: await house.say(room, each.who) };
            for (const person of people)
              unreadBy.set(person, person === each.who ? 0 : (unreadBy.get(person) ?? 0) + 1);
          } else if (each.do === "read") {
            if (last !== null) await house.read(room, each.who, last.event);
            unreadBy.set(each.who, 0);
          } else if (each.do === "open") {
            await house.open(each.who, { users: people.filter((person) => person !== each.who) }, name);
            openedAt.set(each.who, house.clock);
          } else house.clock += each.days * DAY;
          await tick();
          for (const person of people) {
            const quietSince = Math.max(last?.at ?? Number.POSITIVE_INFINITY, openedAt.get(person) ?? 0);
            const archived = unreadBy.get(person) === 0 && house.clock >= quietSince + 3 * DAY;
            expect(isTagged(room, person), `${person} after ${JSON.stringify(each)}`).to.equal(archived);
            expect(await entry(room, person)).to.include({ archived, unread: unreadBy.get(person) });
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});
