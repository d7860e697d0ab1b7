/** When a room is closed, everyone leaves it, and the last member's client has to hear of it. */
import { expect } from "chai";
import { z } from "zod";
import { Person } from "../../../../dev/clients/person.ts";
import type { RoomId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, openHouse } from "../../../support/gate/house.ts";
import { type Gated, putGateBefore } from "../../../support/gate/with-gate.ts";

describe("the last member of a room", function () {
  this.timeout(120_000);
  let house: House;
  let gate: Gated;
  let ann: Caller;
  let bob: Caller;
  const clients: Person[] = [];

  before(async () => {
    house = await openHouse();
    gate = await putGateBefore(house);
    [ann, bob] = [await house.person("ann"), await house.person("bob")];
  });
  after(async () => {
    for (const client of clients) client.stop();
    await gate?.close();
    await house?.stop();
  });

  const clientOf = async (caller: Caller) => {
    const client = await Person.signIn(gate.url, { userId: caller.userId, accessToken: caller.token });
    clients.push(client);
    return client;
  };
  const leave = async (room: RoomId, ...callers: readonly Caller[]) => {
    for (const caller of callers)
      for (const step of ["leave", "forget"])
        await caller.json("POST", `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/${step}`, {});
  };
  /** From the SDK alone, as Element shows it. */
  const membership = (client: Person, room: RoomId) => client.client.getRoom(room)?.getMyMembership();

  it("sees it go, and so does whoever was only invited", async () => {
    const [annAt, bobAt] = [await clientOf(ann), await clientOf(bob)];
    const made = await ann.json("POST", "/_matrix/client/v3/createRoom", { invite: [bob.userId] });
    const room = z.object({ room_id: z.string() }).parse(made).room_id as RoomId;
    await annAt.until("the room", () => membership(annAt, room) === "join");
    await bobAt.until("the invitation", () => membership(bobAt, room) === "invite");
    await leave(room, ann, bob);
    await annAt.until("the room to go", () => membership(annAt, room) === "leave");
    await bobAt.until("the invitation to go", () => membership(bobAt, room) === "leave");
    expect(annAt.rooms().map(({ roomId }) => roomId)).not.to.include(room);
  });

  it("sees it go though the bot leaves last", async () => {
    const annAt = await clientOf(ann);
    const room = await house.room([ann]);
    await annAt.until("the room", () => membership(annAt, room) === "join");
    await leave(room, ann, house.bot);
    await annAt.until("the room to go", () => membership(annAt, room) === "leave");
  });
});
