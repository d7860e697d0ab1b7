/** A message whose parent is an invitation, and which Synapse stores after the join: the room forks. */
import { expect } from "chai";
import { Person } from "../../../../dev/clients/person.ts";
import { homeserverProblems } from "../../../../src/appservice/homeserver/homeserver-check.ts";
import type { RoomId } from "../../../../src/policy/model.ts";
import type { Caller } from "../../../support/gate/caller.ts";
import { type House, homeserverOf, openHouse } from "../../../support/gate/house.ts";

describe("someone who is let into a room while another writes there", function () {
  this.timeout(120_000);
  let house: House;
  let ann: Caller;

  before(async () => {
    house = await openHouse();
    ann = await house.person("ann");
  });
  after(() => house?.stop());

  /** @returns the message's id. The message is on its way when `join` begins, and stored after `join` ends. */
  async function sayDuring(room: RoomId, join: () => Promise<unknown>): Promise<string> {
    let release: () => void = () => undefined;
    const asked = house.holdPolicy(
      "check_event_for_spam",
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    );
    const said = ann.say(room, "Who is on tonight?");
    await asked;
    await join();
    house.holdPolicy("check_event_for_spam", undefined);
    release();
    return said;
  }

  it("is shown the room, and no invitation", async () => {
    const bob = await house.person("bob");
    const client = await Person.signIn(house.synapse, { userId: bob.userId, accessToken: bob.token });
    try {
      const room = await house.room([ann]);
      await house.bot.json("POST", `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/invite`, {
        user_id: bob.userId,
      });
      const said = await sayDuring(room, async () => {
        await bob.json("POST", `/_matrix/client/v3/join/${encodeURIComponent(room)}`, {});
        await client.waitForRoom("the room", ({ roomId }) => roomId === room);
      });
      await client.waitForEvent("the message", (event) => event.getId() === said);
      expect(client.client.getRoom(room)?.getMyMembership()).to.equal("join");
    } finally {
      client.stop();
    }
  });

  it("appears to the others as a member", async () => {
    const bob = await house.person("bob");
    const client = await Person.signIn(house.synapse, { userId: ann.userId, accessToken: ann.token });
    try {
      const room = await house.room([ann]);
      await house.bot.json("POST", `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/invite`, {
        user_id: bob.userId,
      });
      const memberIs = (membership: string) => () =>
        client.client.getRoom(room)?.getMember(bob.userId)?.membership === membership;
      const said = await sayDuring(room, async () => {
        await bob.json("POST", `/_matrix/client/v3/join/${encodeURIComponent(room)}`, {});
        await client.until("the newcomer", memberIs("join"));
      });
      await client.waitForEvent("the message", (event) => event.getId() === said);
      expect(memberIs("join")()).to.equal(true);
    } finally {
      client.stop();
    }
  });

  it("does not see it with a Synapse without the setting, which is reported at Whisper's start", async () => {
    const without = await openHouse({ settings: "experimental_features: {}\n" });
    try {
      expect((await homeserverProblems(homeserverOf(without))).join()).to.contain("msc4222_enabled");
      expect((await homeserverProblems(homeserverOf(house))).join()).to.not.contain("msc4222_enabled");
    } finally {
      await without.stop();
    }
  });
});
