import { expect } from "chai";
import fc from "fast-check";
import { customGroupEvents } from "../../../../src/conversations/groups/custom-group-events.ts";
import { type House, id, openHouse } from "../../../support/practice/conversations.ts";

const PEOPLE = ["ben", "cara", "dan"] as const;

/** One edit of a group, through the API or in a client. Whisper hears of a client's edit only when it listens. */
const edit = fc.record({
  through: fc.constantFrom("api", "client"),
  what: fc.constantFrom("add", "remove", "rename"),
  who: fc.constantFrom(...PEOPLE),
  name: fc.constantFrom("One", "Two"),
});
const step = fc.oneof(
  { weight: 5, arbitrary: edit },
  { weight: 1, arbitrary: fc.constant("listen" as const) },
  { weight: 1, arbitrary: fc.constant("listen to one" as const) },
);

describe("a custom group edited through the API and in clients, with late events", () => {
  let house: House;
  before(async () => {
    house = await openHouse((dependencies) => [
      customGroupEvents({ ...dependencies, isDeactivated: async () => false }),
    ]);
    await house.staff({ users: ["anna", ...PEOPLE] });
  });
  after(() => house.close());

  it("ends as the last edit of each part left it, however late the events are", async function () {
    this.timeout(120_000);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const first = `Group ${++count}`;
        const { id: group, room } = await house.opened("anna", { users: ["ben", "cara"] }, first);
        const members = new Set<string>(["ben", "cara"]);
        let name: string = first;
        const untold: Array<() => Promise<unknown>> = [];
        const tell = async (howMany: number) => {
          for (const happened of untold.splice(0, howMany)) await happened();
        };
        for (const each of steps) {
          if (each === "listen") await tell(untold.length);
          else if (each === "listen to one") await tell(1);
          else {
            house.clock += 1_000;
            const { what, who } = each;
            if (what === "rename") name = each.name;
            else if (what === "add") members.add(who);
            else members.delete(who);
            if (each.through === "api") {
              const change = what === "rename" ? { name: each.name } : { [what]: { users: [who] } };
              expect(await house.edit("anna", group, change)).not.to.have.property("refused");
            } else {
              const at = house.clock;
              untold.push(async () => {
                const now = house.clock;
                house.clock = at;
                await house.event({
                  room,
                  sender: id("anna"),
                  ...(what === "rename"
                    ? { type: "m.room.name", stateKey: "", content: { name: each.name } }
                    : {
                        type: "m.room.member",
                        stateKey: id(who),
                        content: { membership: what === "add" ? "invite" : "leave" },
                      }),
                });
                house.clock = now;
              });
            }
          }
        }
        await tell(untold.length);
        const now = await house.group(group);
        expect(now.name).to.equal(name);
        expect(now.users).to.deep.equal(["anna", ...[...members].sort()]);
      }),
      { numRuns: 60 },
    );
  });
});
