import { expect } from "chai";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf } from "../../../dev/clients/room-events.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { beginPersistently } from "../../support/stack/element.ts";
import { throughEveryWindow } from "../../support/stack/kill-windows.ts";
import { roomAuditReport } from "../../support/stack/room-audit.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, textsOf, unique } from "../../support/stack/staff.ts";

const READERS = ["dr.nair", "mia", "ben"];

describe("Whisper is killed by SIGKILL while it opens a conversation for a client", function () {
  this.timeout(900_000);
  let stack: TestStack;
  let readers: Person[];
  let next = 0;

  before(async () => {
    stack = await freshStack();
    await mustCallApi(stack, "PUT", "/api/v1/directory", {
      users: READERS.map((username) => ({ username, name: username })),
      security_groups: [],
    });
    await settled(stack);
    readers = await Promise.all(READERS.map((name) => stack.signIn(name, { pastTheGate: true })));
  });
  after(() => stack?.stop());

  const rooms = z.object({
    rooms: z.array(z.object({ room_id: z.string(), joined_local_members: z.number() })),
  });
  /** Rooms at the homeserver that anyone is in. */
  const peopled = async (): Promise<string[]> =>
    rooms
      .parse(await atSynapse(stack, "GET", "/_synapse/admin/v1/rooms?limit=1000"))
      .rooms.filter((room) => room.joined_local_members > 0)
      .map((room) => room.room_id);

  for (const [kind, count, stride] of [
    ["individual", 1, 1],
    ["custom", 3, 3],
  ] as const) {
    for (const when of ["before", "after"] as const) {
      it(`for ${count === 1 ? "two" : "four"}, ${when} each call of the homeserver`, async () => {
        const others = readers.slice(0, count);
        const killed = await throughEveryWindow(stack, when, {
          stride,
          async prepare({ call }) {
            const person = await hire(stack, `person.${next++}`, {}, { withoutSync: true });
            await settled(stack);
            return { person, text: unique(`${kind}, ${when} ${call}`), before: await peopled() };
          },
          begin: ({ person, text }) =>
            beginPersistently(person, { to: others.map(({ userId }) => userId), text }),
          async verify({ text, before }) {
            for (const reader of others) {
              const { roomId } = await reader.waitForText(text, undefined, 90_000).then((event) => ({
                roomId: event.getRoomId() ?? "",
              }));
              await settled(stack, { ms: 90_000 });
              const room = reader.client.getRoom(roomId);
              expect(room && conversationOf(room)?.kind).to.equal(kind);
              const said = (await textsOf(reader, roomId)).filter((line) => line.endsWith(text));
              expect(said).to.have.lengthOf(1);
            }
            const made = (await peopled()).filter((room) => !before.includes(room));
            expect(made, "rooms that there are now").to.have.lengthOf(1);
            expect((await roomAuditReport(stack, { room_ids: made })).rooms).to.deep.equal([]);
          },
        });
        expect(killed).to.have.lengthOf.at.least(3);
        expect((await roomAuditReport(stack)).rooms).to.deep.equal([]);
      });
    }
  }
});
