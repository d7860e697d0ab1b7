import { expect } from "chai";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { CONVERSATION, conversationOf } from "../../../dev/clients/room-events.ts";
import { beginPersistently } from "../../support/stack/element.ts";
import { throughEveryWindow } from "../../support/stack/kill-windows.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, textsOf, unique } from "../../support/stack/staff.ts";

const NAMES = {
  before: "before each call of the homeserver",
  after: "after each call, before its answer is heard",
};
const DOCTOR = "dr.nair";
const FRIEND = "mia";
const GROUP = "Nurses";

describe("No message is lost nor doubled when Whisper is killed by SIGKILL", function () {
  this.timeout(600_000);
  let stack: TestStack;
  let doctor: Person;
  let friend: Person;
  let next = 0;

  before(async () => {
    stack = await freshStack();
    await mustCallApi(stack, "PUT", "/api/v1/directory", {
      users: [DOCTOR, FRIEND].map((username) => ({ username, name: username })),
      security_groups: [{ id: GROUP, name: GROUP, members: [DOCTOR, FRIEND] }],
    });
    await settled(stack);
    doctor = await stack.signIn(DOCTOR, { pastTheGate: true });
    friend = await stack.signIn(FRIEND, { pastTheGate: true });
  });
  after(() => stack?.stop());

  /** Someone who has not spoken to anyone yet, at a client that shows nothing. One for each window. */
  const someone = async () => {
    const username = `person.${next++}`;
    return { username, person: await hire(stack, username, {}, { pastTheGate: true, withoutSync: true }) };
  };

  /**
   * What kind of conversation its room is. The homeserver is asked: the message waited while the room was taken over,
   * so the room forks, and a client may believe an older state (docs/synapse-facts.md, "Callbacks").
   */
  const kindAtSynapse = async (person: Person, room: string): Promise<unknown> => {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/state/${CONVERSATION}/`;
    return z.looseObject({ kind: z.string() }).parse((await person.request("GET", path)).body).kind;
  };

  const saidOnce = async (person: Person, room: string, text: string) =>
    expect((await textsOf(person, room)).filter((line) => line.endsWith(text))).to.have.lengthOf(1);

  // A call that was made without Whisper knowing leaves more behind than one that was never made. EVERY_WINDOW=1 does
  // both.
  for (const when of process.env.EVERY_WINDOW ? (["before", "after"] as const) : (["after"] as const)) {
    it(`while it takes over a chat that a client has started, ${NAMES[when]}`, async () => {
      const killed = await throughEveryWindow(stack, when, {
        stride: 3,
        async prepare({ call }) {
          await settled(stack);
          return { asker: (await someone()).person, text: unique(`Hello, ${when} ${call}`) };
        },
        begin: ({ asker, text }) => beginPersistently(asker, { to: [doctor.userId], text }),
        async verify({ text }) {
          const room = (await doctor.waitForText(text, undefined, 60_000)).getRoomId() ?? "";
          await settled(stack);
          expect(await kindAtSynapse(doctor, room)).to.equal("individual");
          await saidOnce(doctor, room, text);
        },
      });
      expect(killed).to.have.lengthOf.at.least(2);
    });

    it(`while it leads a second chat to the first, ${NAMES[when]}`, async () => {
      await friend.createDirect(doctor.userId, `The first chat, ${when}.`);
      const { roomId } = await roomOfKind(doctor, "individual", FRIEND);
      const killed = await throughEveryWindow(stack, when, {
        stride: 3,
        async prepare({ call }) {
          await settled(stack);
          return unique(`In another chat, ${when} ${call}`);
        },
        begin: (text) => beginPersistently(friend, { to: [doctor.userId], text }),
        async verify(text) {
          await doctor.waitForText(text, roomId, 30_000);
          await settled(stack);
          await saidOnce(doctor, roomId, text);
          const open = doctor
            .rooms()
            .filter((room) => room.roomId !== roomId && room.getMember(friend.userId));
          expect(open.filter((room) => conversationOf(room)?.kind === "individual")).to.deep.equal([]);
        },
      });
      expect(killed).to.have.lengthOf.at.least(2);
    });

    it(`while a security group gains a member, who then reads and hears everything, ${NAMES[when]}`, async () => {
      const room = await roomOfKind(doctor, "group", GROUP);
      const members = [DOCTOR, FRIEND];
      const killed = await throughEveryWindow(stack, when, {
        stride: 3,
        async prepare({ call }) {
          await settled(stack);
          const before = unique(`Before ${when} ${call}`);
          await doctor.sendText(room.roomId, before);
          return { ...(await someone()), text: unique(`After ${when} ${call}`), before };
        },
        begin: ({ username }) => {
          members.push(username);
          return putGroup(stack, GROUP, members);
        },
        async verify({ person, text, before }) {
          await doctor.until(
            "the new member to be in the room",
            () => room.getMember(person.userId)?.membership === "join",
            30_000,
          );
          await doctor.sendText(room.roomId, text);
          await saidOnce(person, room.roomId, text);
          await saidOnce(person, room.roomId, before);
        },
      });
      expect(killed).to.have.lengthOf.at.least(1);
    });
  }
});
