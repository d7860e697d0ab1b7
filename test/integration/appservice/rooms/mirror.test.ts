import { expect } from "chai";
import {
  aboutToAsk,
  awaitOwnMember,
  loadRoom,
  mirrorForgotten,
  mirrorOwnMember,
  mirrorOwnState,
  mirrorWholeRoom,
} from "../../../../src/appservice/rooms/mirror.ts";
import type { MatrixEvent } from "../../../../src/messages/event.ts";
import type { ConversationId, EventId, Membership, RoomId, UserId } from "../../../../src/policy/model.ts";
import { type House, id, openHouse, SETTINGS } from "../../../support/practice/conversations.ts";

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

  it("takes what Whisper did for the truth against older events that come late", async () => {
    await begins("leave");
    await done("leave");
    await becomes("join");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("knows of a leaving that follows a join of which the event came before the answer", async () => {
    await becomes("leave");
    await begins("join");
    await becomes("join");
    await done("join");
    await becomes("leave");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("knows of the join of somebody new, though the invitation that it begins with is heard of before its answer", async () => {
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

  it("does not put back a join that was over before the answer came", async () => {
    await becomes("leave");
    await begins("join");
    await becomes("join");
    await becomes("leave");
    await done("join");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("is not misled by the event of a removal that comes while Whisper lets the same person in again", async () => {
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

  it("knows of a leaving also when Whisper had removed the same person a moment before it let them in", async () => {
    await begins("leave");
    await done("leave");
    await begins("join");
    await becomes("join");
    await done("join");
    await becomes("leave");
    expect((await ben())?.membership).to.equal("leave");
  });

  it("knows somebody whom Whisper lets in for the first time, in whatever order it hears of it", async () => {
    const cara = id("cara");
    await awaitOwnMember(house.database, room, cara, "join");
    await mirrorOwnMember(house.database, room, cara, "join");
    expect((await loadRoom(house.database, room))?.members.get(cara)?.membership).to.equal("join");
  });

  it("keeps a name that somebody gave after Whisper had, when both events came before the answer", async () => {
    await named("Whisper's", "$own");
    await named("Theirs", "$theirs");
    await mirrorOwnState(house.database, room, NAME, { name: "Whisper's" }, "$own");
    expect(await name()).to.equal("Theirs");
    await named("Theirs again", "$again");
    expect(await name()).to.equal("Theirs again");
  });

  it("has a room forgotten again when somebody who had left has left once more", async () => {
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

  it("keeps what was handled while a room's state was on its way here, and nothing older", async () => {
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
