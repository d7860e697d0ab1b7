import { expect } from "chai";
import { NotificationCountType, RoomEvent } from "matrix-js-sdk";
import { z } from "zod";
import { mustCallApi } from "../../../dev/clients/api.ts";
import type { Person } from "../../../dev/clients/person.ts";
import { bodyOf, conversationOf, refusalOf } from "../../../dev/clients/room-events.ts";
import { atSynapse } from "../../support/stack/behind-whisper.ts";
import { openConversation } from "../../support/stack/conversation-api.ts";
import { beginAsElement, type FirstMessage, optionsOf } from "../../support/stack/element.ts";
import { settled } from "../../support/stack/settled.ts";
import { sharedStack, type TestStack } from "../../support/stack/stack.ts";
import { hire, putGroup, roomOfKind, unique } from "../../support/stack/staff.ts";

describe("The first message of a conversation, begun as Element does", function () {
  this.timeout(120_000);
  let stack: TestStack;
  const figures: string[] = [];
  /** Invitations that any client showed. */
  const invitations: string[] = [];

  before(async function () {
    this.timeout(180_000);
    stack = await sharedStack();
  });
  after(() => {
    for (const line of figures) console.log(`      ${line}`);
  });

  const newcomer = async (name: string, details = {}): Promise<Person & { readonly name: string }> => {
    const username = unique(name);
    const person = await hire(stack, username, details);
    person.client.on(RoomEvent.MyMembership, (room, membership) => {
      if (membership === "invite") invitations.push(`${person.userId} ${room.roomId}`);
    });
    await roomOfKind(person, "control");
    return Object.assign(person, { name: username });
  };

  const allRooms = async (): Promise<number> =>
    z
      .object({ total_rooms: z.number() })
      .parse(await atSynapse(stack, "GET", "/_synapse/admin/v1/rooms?limit=1")).total_rooms;

  /** Sends it, and checks what each intended reader sees. */
  async function begin(what: string, by: Person, first: FirstMessage, readers: readonly Person[]) {
    await settled(stack);
    const enter = performance.now();
    const seen = readers.map(async (reader) => {
      await reader.waitForText(first.text, undefined, 30_000);
      return performance.now() - enter;
    });
    const begun = await beginAsElement(by, first);
    const latest = Math.max(...(await Promise.all(seen)));
    figures.push(
      `${what}: room after ${Math.round(begun.answered)} ms, sent after ${Math.round(begun.sent)} ms, seen by all after ${Math.round(latest)} ms`,
    );
    await settled(stack);
    for (const reader of [by, ...readers]) await expectOnce(reader, begun.room, begun.event);
    for (const reader of readers) await expectBadge(reader, begun.room, 1);
    return begun;
  }

  /** The message is once in the client's sync, or in what it reads from there. */
  async function expectOnce(person: Person, room: string, event: string): Promise<void> {
    const timeline = await person.until("the room", () => person.client.getRoom(room)?.getLiveTimeline());
    const synced = timeline.getEvents().filter((each) => each.getId() === event).length;
    const from = timeline.getPaginationToken("b" as never);
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=100&from=${from}`;
    const earlier =
      from === null
        ? []
        : z
            .object({ chunk: z.array(z.object({ event_id: z.string() })) })
            .parse((await person.request("GET", path)).body).chunk;
    const read = earlier.filter((each) => each.event_id === event).length;
    expect(synced + read, `how often ${person.userId} sees the message`).to.equal(1);
  }

  const expectBadge = (person: Person, room: string, count: number) =>
    person.until(
      `the badge to be ${count}`,
      () => person.client.getRoom(room)?.getUnreadNotificationCount(NotificationCountType.Total) === count,
    );

  for (const encrypted of [false, true]) {
    it(`to a person${encrypted ? ", by a client that asks for encryption" : ""}, is seen by them at once, and is all there is`, async () => {
      const [mia, ben] = [await newcomer("mia"), await newcomer("ben")];
      await settled(stack);
      const rooms = await allRooms();
      const { room } = await begin(
        `a person${encrypted ? ", encrypted" : ""}`,
        mia,
        { to: [ben.userId], text: `Hello ${unique("x")}`, encrypted },
        [ben],
      );
      expect(await allRooms()).to.equal(rooms + 1);
      for (const person of [mia, ben]) {
        const seen = person.client.getRoom(room);
        expect(seen && conversationOf(seen)?.kind).to.equal("individual");
        expect(seen?.hasEncryptionStateEvent()).to.equal(false);
        expect(
          seen?.currentState.getStateEvents("io.element.functional_members", "")?.getContent(),
        ).to.deep.equal({
          service_members: ["@whisper:localhost"],
        });
      }
      await mia.until("the name", () => mia.client.getRoom(room)?.name.startsWith("Ben"));
      const levels = mia.client
        .getRoom(room)
        ?.currentState.getStateEvents("m.room.power_levels", "")
        ?.getContent();
      expect(levels?.users).to.deep.equal({ "@whisper:localhost": 100 });
      // The other answers, and neither is led anywhere.
      await ben.sendText(room, "And hello to you.");
      await mia.waitForText("And hello to you.", room);
      expect(
        [...mia.seen, ...ben.seen].filter((event) => event.getType() === "m.room.tombstone"),
      ).to.deep.equal([]);
    });
  }

  it("to a person with whom there is a conversation, is in that", async () => {
    const [mia, ben] = [await newcomer("mia"), await newcomer("ben")];
    const { room } = await openConversation(stack, ben.name, { users: [mia.name] });
    await settled(stack);
    const rooms = await allRooms();
    const begun = await begin("a person, again", mia, { to: [ben.userId], text: `Again ${unique("x")}` }, [
      ben,
    ]);
    expect(begun.room).to.equal(room);
    expect(await allRooms()).to.equal(rooms);
  });

  it("to each other at the same moment, is in one conversation", async () => {
    const [mia, ben] = [await newcomer("mia"), await newcomer("ben")];
    const [one, other] = await Promise.all([
      beginAsElement(mia, { to: [ben.userId], text: "From Mia." }),
      beginAsElement(ben, { to: [mia.userId], text: "From Ben." }),
    ]);
    expect(one.room).to.equal(other.room);
    await mia.waitForText("From Ben.", one.room);
    await ben.waitForText("From Mia.", one.room);
  });

  it("to a group's handle alone, is in the group's own conversation", async () => {
    const [mia, ben, cara] = [await newcomer("mia"), await newcomer("ben"), await newcomer("cara")];
    const group = unique("doctors");
    await putGroup(stack, group, [mia.name, ben.name, cara.name]);
    const own = await roomOfKind(mia, "group", group);
    const begun = await begin(
      "a group's handle",
      mia,
      { to: [`@ht_grp_${group}:localhost`], text: `All ${group}` },
      [ben, cara],
    );
    expect(begun.room).to.equal(own.roomId);
  });

  it("to three people, is in the custom group of the four", async () => {
    const [mia, ben, cara, dora] = [
      await newcomer("mia"),
      await newcomer("ben"),
      await newcomer("cara"),
      await newcomer("dora"),
    ];
    await settled(stack);
    const rooms = await allRooms();
    const others = [ben, cara, dora];
    const begun = await begin(
      "three people",
      mia,
      { to: others.map((each) => each.userId), text: `We four ${unique("x")}` },
      others,
    );
    expect(await allRooms()).to.equal(rooms + 1);
    expect(conversationOf(await ben.waitForRoom("it", ({ roomId }) => roomId === begun.room))?.kind).to.equal(
      "custom",
    );
    // The same choice is the same group, whoever makes it.
    expect(
      await dora.createRoom(optionsOf({ to: [mia, ben, cara].map((each) => each.userId), text: "" })),
    ).to.equal(begun.room);
  });

  describe("is refused before there is a room, and Whisper says why", () => {
    let mia: Person;
    let shy: Person;
    let cara: Person;
    let group: string;
    before(async () => {
      mia = await newcomer("mia");
      cara = await newcomer("cara");
      const silent = await newcomer("shy");
      await mustCallApi(stack, "PATCH", `/api/v1/users/${silent.name}/preferences`, { never_receive: true });
      shy = silent;
      group = unique("managers");
      await putGroup(stack, group, []);
    });

    const cases: ReadonlyArray<readonly [string, () => Parameters<Person["createRoom"]>[0], RegExp]> = [
      [
        "to somebody who never receives",
        () => optionsOf({ to: [shy.userId], text: "" }),
        /has chosen not to receive/,
      ],
      [
        "to the handle of a group that one is not in",
        () => optionsOf({ to: [`@ht_grp_${group}:localhost`], text: "" }),
        /You are not in/,
      ],
      [
        "to somebody from outside",
        () => optionsOf({ to: ["@eve:elsewhere.example"], text: "" }),
        /Only people of this practice/,
      ],
      [
        "to somebody who is not in the staff list",
        () => optionsOf({ to: ["@ht_nobody:localhost"], text: "" }),
        /One of the people is not in the staff list/,
      ],
      [
        "to the handle of a group that is gone",
        () => optionsOf({ to: ["@ht_grp_gone:localhost"], text: "" }),
        /no longer exists/,
      ],
      ["to oneself", () => optionsOf({ to: [mia.userId], text: "" }), /You cannot write to yourself/],
      [
        "in a space",
        () => ({ invite: [cara.userId], creation_content: { type: "m.space" } }),
        /Spaces are not used/,
      ],
      [
        "in a space with nobody in it yet",
        () => ({ creation_content: { type: "m.space" } }),
        /Spaces are not used/,
      ],
      ["in a public room with nobody in it yet", () => ({ preset: "public_chat" as never }), /never public/],
      ["in a public room", () => ({ invite: [cara.userId], preset: "public_chat" as never }), /never public/],
      ["under an address", () => ({ invite: [cara.userId], room_alias_name: "x" }), /never public/],
    ];
    for (const [what, options, sentence] of cases) {
      it(what, async () => {
        await settled(stack);
        const rooms = await allRooms();
        const refusal = await refusalOf(mia.createRoom(options()));
        expect(refusal).to.include({ status: 403, code: "M_FORBIDDEN" });
        expect(refusal.text).to.match(sentence);
        const control = await roomOfKind(mia, "control");
        await mia.until("the reason in the chat with Whisper", () =>
          mia.seen.some((event) => event.getRoomId() === control.roomId && sentence.test(bodyOf(event))),
        );
        expect(await allRooms()).to.equal(rooms);
      });
    }
  });

  it("is refused with the sentence when it is encrypted, in whatever conversation", async () => {
    const [mia, ben] = [await newcomer("mia"), await newcomer("ben")];
    const { room } = await openConversation(stack, ben.name, { users: [mia.name] });
    await mia.waitForRoom("the conversation", (each) => each.roomId === room);
    const control = await roomOfKind(mia, "control");
    for (const each of [room, control.roomId]) {
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(each)}/send/m.room.encrypted/${unique("x")}`;
      const { status, body } = await mia.request("PUT", path, {
        algorithm: "m.megolm.v1.aes-sha2",
        ciphertext: "x",
      });
      expect(status).to.equal(403);
      expect(body).to.include({ errcode: "M_FORBIDDEN" });
      expect(JSON.stringify(body)).to.match(/encryption stays off/);
    }
  });

  it("shows nobody an invitation", () => {
    expect(invitations).to.deep.equal([]);
  });
});
