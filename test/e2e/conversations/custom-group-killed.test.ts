import { expect } from "chai";
import type { Person } from "../../../dev/clients/person.ts";
import { eventually } from "../../support/eventually.ts";
import {
  editConversation,
  membersOf,
  openConversation,
  showConversation,
} from "../../support/stack/conversation-api.ts";
import { throughEveryWindow } from "../../support/stack/kill-windows.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putUser, unique } from "../../support/stack/staff.ts";

const NAMES = {
  before: "before each call of the homeserver",
  after: "after each call, before its answer is heard",
};

describe("An edit of a custom group is carried out whole when Whisper is killed by SIGKILL", function () {
  this.timeout(400_000);
  let stack: TestStack;
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];
  let annaAt: Person;
  let benAt: Person;
  let caraAt: Person;

  before(async () => {
    stack = await freshStack();
    annaAt = await hire(stack, anna, {}, { pastTheGate: true });
    benAt = await hire(stack, ben, {}, { pastTheGate: true });
    caraAt = await hire(stack, cara, {}, { pastTheGate: true });
    await putUser(stack, unique("other"));
  });
  after(() => stack?.stop());

  const canRead = async (person: Person, room: string) =>
    (await person.request("GET", `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b`))
      .status === 200;

  for (const when of ["before", "after"] as const) {
    it(`made in a client: renamed, one put out, ${NAMES[when]}`, async () => {
      await throughEveryWindow(stack, when, {
        async prepare({ call }) {
          const made = await openConversation(stack, anna, { users: [ben, cara] }, `Client ${when} ${call}`);
          await caraAt.waitForRoom("the group", (room) => room.roomId === made.room);
          await annaAt.waitForRoom("the group", (room) => room.roomId === made.room);
          return { ...made, name: `Renamed ${when} ${call}` };
        },
        async begin({ room, name }) {
          await annaAt.setRoomName(room, name);
          await annaAt.kick(room, caraAt.userId);
        },
        async verify({ id, room, name }) {
          await eventually(
            "the record to follow",
            async () =>
              (await showConversation(stack, id)).name === name && (await membersOf(stack, id)).length === 2,
            30_000,
          );
          await eventually(
            "the room to be closed to her",
            async () => !(await canRead(caraAt, room)),
            30_000,
          );
          expect(await canRead(benAt, room)).to.equal(true);
        },
      });
    });

    it(`made through the API: one added, one removed, ${NAMES[when]}`, async () => {
      await throughEveryWindow(stack, when, {
        async prepare({ call }) {
          const made = await openConversation(stack, anna, { users: [ben] }, `API ${when} ${call}`);
          await benAt.waitForRoom("the group", (room) => room.roomId === made.room);
          return made;
        },
        begin: ({ id }) =>
          editConversation(stack, id, {
            as: anna,
            name: "Edited",
            add: { users: [cara] },
            remove: { users: [ben] },
          }),
        async verify({ room }) {
          await caraAt.waitForRoom(
            "the group by its new name",
            (each) => each.roomId === room && each.name === "Edited",
            30_000,
          );
          await eventually("the room to be closed to him", async () => !(await canRead(benAt, room)), 30_000);
          expect(await canRead(caraAt, room)).to.equal(true);
        },
      });
    });
  }
});
