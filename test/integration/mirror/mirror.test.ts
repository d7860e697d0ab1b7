import { expect } from "chai";
import type { MatrixEvent } from "../../../src/messages/event.ts";
import {
  aboutToAsk,
  awaitOwnMember,
  loadRoom,
  mirrorForgotten,
  mirrorOwnMember,
  mirrorOwnState,
  mirrorWholeRoom,
} from "../../../src/mirror/mirror.ts";
import type { ConversationId, EventId, Membership, RoomId, UserId } from "../../../src/policy/model.ts";
import { type House, id, openHouse, SETTINGS } from "../../support/practice/conversations.ts";

const BEN = id("ben");
const NAME = "m.room.name";

describe("the mirror of rooms", () => {
  let house: House;
  let room: RoomId;
  let time = 0;

  beforeEach(async () => {
    house = await openHouse();
    const made = await house.database.query<{ id: ConversationId }>(
      "INSERT INTO conversations (kind, natural_key) VALUES ('alerts', 'alerts') RETURNING id",
    );
    const [conversation] = made.rows;
    room = await house.giveRoom(conversation?.id ?? ("" as ConversationId), [BEN]);
  });
  afterEach(() => house.close());

  const ben = async () => (await loadRoom(house.database, room))?.members.get(BEN);
  const name = async () => (await loadRoom(house.database, room))?.state[NAME]?.name;
  const becomes = (membership: Membership) => {
    house.clock += 1;
    return house.event({ room, sender: BEN, type: "m.room.member", stateKey: BEN, content: { membership } });
  };
  const named = (text: string, eventId: string) => {
    house.clock += 1;
    return house.event({ room, sender: BEN, type: NAME, stateKey: "", content: { name: text }, eventId });
  };
  const begins = (membership: Membership) => awaitOwnMember(house.database, room, BEN, membership);
  const done = (membership: Membership) => mirrorOwnMember(house.database, room, BEN, membership);
  const state = (events: readonly { readonly event_id: string; readonly membership: Membership }[]) =>
    events.map(
      ({ event_id, membership }): MatrixEvent => ({
        event_id: event_id as EventId,
        room_id: room,
        sender: SETTINGS.bot,
        type: "m.room.member",
        state_key: BEN,
        content: { membership },
        origin_server_ts: house.clock + ++time,
      }),
    );

  describe("after a redaction", () => {
    const redact = (redacts: string, content: Record<string, unknown> = {}) =>
      house.event({ room, sender: BEN, type: "m.room.redaction", content, redacts });

    it("has nothing of what was redacted, in either spelling", async () => {
      await named("Late list", "$name");
      await redact("$name");
      expect((await loadRoom(house.database, room))?.state[NAME]).to.deep.equal({});
      await named("Later list", "$next");
      await house.event({ room, sender: BEN, type: "m.room.redaction", content: { redacts: "$next" } });
      expect(await name()).to.equal(undefined);
    });

    it("keeps what has replaced it, and what a redaction leaves", async () => {
      await named("Old list", "$old");
      await named("New list", "$new");
      await redact("$old");
      expect(await name()).to.equal("New list");
      const levels = { users: { [SETTINGS.bot]: 100 } };
      const type = "m.room.power_levels";
      await house.event({ room, sender: BEN, type, stateKey: "", content: levels, eventId: "$levels" });
      await redact("$levels");
      expect((await loadRoom(house.database, room))?.state[type]).to.deep.equal(levels);
    });

    it("is not taken for the state of another room", async () => {
      await named("Our list", "$ours");
      const elsewhere = "!elsewhere:practice.test" as RoomId;
      await house.event({
        room: elsewhere,
        sender: BEN,
        type: "m.room.redaction",
        content: {},
        redacts: "$ours",
      });
      expect(await name()).to.equal("Our list");
    });
  });

  it("prefers what Whisper did over older events that arrive late", async () => {
    await begins("leave");
    await done("leave");
    await becomes("join");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("records a departure after a join whose event came before the answer", async () => {
    await becomes("leave");
    await begins("join");
    await becomes("join");
    await done("join");
    await becomes("leave");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("records a new person's join, even if its invitation arrives before its answer", async () => {
    const cara = id("cara");
    const caras = async () => (await loadRoom(house.database, room))?.members.get(cara)?.membership;
    await awaitOwnMember(house.database, room, cara, "join");
    expect(await caras()).to.equal("leave");
    await house.event({
      room,
      sender: SETTINGS.bot,
      type: "m.room.member",
      stateKey: cara,
      content: { membership: "invite" },
    });
    expect(await caras()).to.equal("invite");
    await mirrorOwnMember(house.database, room, cara, "join");
    expect(await caras()).to.equal("join");
  });

  it("does not restore a join that had ended before the answer came", async () => {
    await becomes("leave");
    await begins("join");
    await becomes("join");
    await becomes("leave");
    await done("join");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("is not misled by a removal's event that arrives while Whisper lets the same person in again", async () => {
    await begins("leave");
    await done("leave");
    await begins("join");
    await becomes("leave");
    await done("join");
    expect((await ben())?.membership).to.equal("join");
    await becomes("join");
    await becomes("leave");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("records a departure even if Whisper had removed the same person just before it let them in", async () => {
    await begins("leave");
    await done("leave");
    await begins("join");
    await becomes("join");
    await done("join");
    await becomes("leave");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("records someone whom Whisper lets in for the first time, in any order of events", async () => {
    const cara = id("cara");
    await awaitOwnMember(house.database, room, cara, "join");
    await mirrorOwnMember(house.database, room, cara, "join");
    expect((await loadRoom(house.database, room))?.members.get(cara)?.membership).to.equal("join");
  });

  it("keeps a name that someone set after Whisper, if both events came before the answer", async () => {
    await named("Whisper's", "$own");
    await named("Theirs", "$theirs");
    await mirrorOwnState(house.database, room, NAME, { name: "Whisper's" }, "$own");
    expect(await name()).to.equal("Theirs");
    await named("Theirs again", "$again");
    expect(await name()).to.equal("Theirs again");
  });

  it("makes a room be forgotten again if someone has left once more", async () => {
    await begins("leave");
    await done("leave");
    await mirrorForgotten(house.database, room, BEN);
    await becomes("leave");
    expect((await ben())?.forgotten, "the event of the removal itself").to.equal(true);
    await mirrorWholeRoom(
      house.database,
      room,
      state([{ event_id: "$declined", membership: "leave" }]),
      await aboutToAsk(house.database),
    );
    expect((await ben())?.forgotten, "an invitation lay between").to.equal(false);
    await mirrorForgotten(house.database, room, BEN);
    await mirrorWholeRoom(
      house.database,
      room,
      state([{ event_id: "$declined", membership: "leave" }]),
      await aboutToAsk(house.database),
    );
    expect((await ben())?.forgotten, "nothing new").to.equal(true);
  });

  it("keeps what was handled while a room's state was being fetched, and nothing older", async () => {
    const handled = () => house.database.query("UPDATE inbox SET handled_at = now()");
    const cara = id("cara");
    const invited = async (user: UserId) => {
      house.clock += 1;
      await house.event({
        room,
        sender: BEN,
        type: "m.room.member",
        stateKey: user,
        content: { membership: "invite" },
      });
    };
    await invited(id("old"));
    await handled();
    const asked = await aboutToAsk(house.database);
    await invited(cara);
    await named("Night shift", "$named");
    await handled();
    await mirrorWholeRoom(house.database, room, state([{ event_id: "$joined", membership: "join" }]), asked);
    const seen = await loadRoom(house.database, room);
    expect([...(seen?.members.keys() ?? [])].toSorted()).to.deep.equal([BEN, cara].toSorted());
    expect(await name()).to.equal("Night shift");
  });
});
