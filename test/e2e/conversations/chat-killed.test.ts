import { expect } from "chai";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { conversationOf } from "../../../dev/clients/room-events.ts";
import { eventually } from "../../support/eventually.ts";
import { throughEveryWindow } from "../../support/stack/kill-windows.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack, type TestStack } from "../../support/stack/stack.ts";
import { putGroup, roomOfKind, textsOf } from "../../support/stack/staff.ts";

const NAMES = {
  before: "before each call of the homeserver",
  after: "after each call, before its answer is heard",
};
const DOCTOR = "dr.nair";
const FRIEND = "mia";
const GROUP = "Nurses";
/** One for each window. */
const OTHERS = Array.from({ length: 60 }, (_, index) => `person.${index}`);

describe("No message is lost nor doubled when Whisper is killed by SIGKILL", function () {
  this.timeout(600_000);
  let stack: TestStack;
  let doctor: Person;
  let friend: Person;
  let next = 0;

  before(async () => {
    stack = await freshStack();
    const usernames = [DOCTOR, FRIEND, ...OTHERS];
    await mustCallApi(stack, "PUT", "/api/v1/directory", {
      users: usernames.map((username) => ({ username, name: username })),
      security_groups: [{ id: GROUP, name: GROUP, members: [DOCTOR, FRIEND] }],
    });
    await settled(stack, { ms: 240_000 });
    doctor = await stack.signIn(DOCTOR, { pastTheGate: true });
    friend = await stack.signIn(FRIEND, { pastTheGate: true });
  });
  after(() => stack?.stop());

  /** Somebody who has not spoken to anybody yet, at a client that shows nothing. */
  const somebody = () => {
    const username = OTHERS[next++];
    if (username === undefined) throw new Error("more windows than people");
    return stack.signIn(username, { pastTheGate: true, withoutSync: true });
  };

  /** As Element does: a direct room, and the message right behind; what is refused or unanswered is tried again. */
  async function startDirect(person: Person, other: string, text: string): Promise<string> {
    const { body } = await person.request("POST", "/_matrix/client/v3/createRoom", {
      preset: "trusted_private_chat",
      is_direct: true,
      invite: [other],
    });
    const room = typeof body === "object" && body !== null && "room_id" in body ? String(body.room_id) : "";
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/only`;
    await eventually("the message to be sent", async () => {
      const { status } = await person.request("PUT", path, { msgtype: "m.text", body: text });
      return status === 200;
    });
    return room;
  }

  const saidOnce = async (person: Person, room: string, text: string) =>
    expect((await textsOf(person, room)).filter((line) => line.endsWith(text))).to.have.lengthOf(1);

  // A call that was made and is not known of leaves more behind than one that was never made; EVERY_WINDOW=1 does both.
  for (const when of process.env.EVERY_WINDOW ? (["before", "after"] as const) : (["after"] as const)) {
    it(`while it takes over a chat that a client has started, ${NAMES[when]}`, async () => {
      const killed = await throughEveryWindow(stack, when, {
        stride: 3,
        async prepare({ call }) {
          await settled(stack);
          return { asker: await somebody(), text: `Hello, ${when} ${call}!` };
        },
        begin: ({ asker, text }) => startDirect(asker, doctor.userId, text),
        async verify({ text }) {
          const room = await doctor.waitForRoom(
            `the conversation in which "${text}" was said`,
            (each) =>
              conversationOf(each)?.kind === "individual" &&
              each
                .getLiveTimeline()
                .getEvents()
                .some((event) => event.getContent().body === text),
            30_000,
          );
          await settled(stack);
          await saidOnce(doctor, room.roomId, text);
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
          return `In another chat, ${when} ${call}.`;
        },
        begin: (text) => startDirect(friend, doctor.userId, text),
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
          const joiner = OTHERS[next] ?? "";
          await doctor.sendText(room.roomId, `Before ${when} ${call}.`);
          return {
            joiner,
            person: await somebody(),
            text: `After ${when} ${call}.`,
            before: `Before ${when} ${call}.`,
          };
        },
        begin: ({ joiner }) => {
          members.push(joiner);
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
