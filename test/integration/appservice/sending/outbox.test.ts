import { expect } from "chai";
import { deadLetters } from "../../../../src/jobs/dead-letters.ts";
import { storeEvents } from "../../../../src/messages/inbox.ts";
import { REF_KEY } from "../../../../src/messages/outbox.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import { message } from "../../../support/http/intake.ts";
import { BOT, CONVERSATION, type OutboxHouse, openOutbox, ROOM, text } from "./outbox-house.ts";

describe("the outbox", () => {
  let outbox: OutboxHouse;
  let database: OutboxHouse["database"];
  let homeserver: OutboxHouse["homeserver"];
  let dropped: OutboxHouse["dropped"];
  let queue: OutboxHouse["queue"];
  let drain: OutboxHouse["drain"];
  let drainUntilDone: OutboxHouse["drainUntilDone"];
  let bodies: OutboxHouse["bodies"];

  beforeEach(async () => {
    outbox = await openOutbox();
    ({ database, homeserver, dropped, queue, drain, drainUntilDone, bodies } = outbox);
  });
  afterEach(() => outbox.database.close());

  it("sends in order, each with its ref, and a known ref once", async () => {
    await queue(text("one"), text("two"), text("three"));
    await queue(text("two"));
    await drain();
    expect(bodies()).to.deep.equal(["one", "two", "three"]);
    expect(homeserver.events.map(({ content }) => content[REF_KEY])).to.deep.equal(["one", "two", "three"]);
  });

  it("asks for nothing before the first try", async () => {
    await queue(text("one"));
    await drain();
    expect(homeserver.calls.map(({ method }) => method)).to.deep.equal(["PUT"]);
  });

  for (const flaw of ["away before", "away after"] as const) {
    for (const memory of ["remembers", "has forgotten"] as const) {
      it(`sends once if the homeserver failed ${flaw} its answer and ${memory} the transaction id`, async () => {
        await queue(text("one"), text("two"));
        homeserver.flaws.push(flaw);
        await drain().then(
          () => expect.fail("it should have failed"),
          () => undefined,
        );
        if (memory === "has forgotten") homeserver.restart();
        await drainUntilDone();
        expect(bodies()).to.deep.equal(["one", "two"]);
      });
    }
  }

  it("looks for a send that may have been made before this database was restored from a backup", async () => {
    await queue(text("one"));
    await drain();
    await database.query("DELETE FROM outbox");
    homeserver.restart();
    await queue(text("one", { since: new Date(Date.now() - 60_000) }), text("two"));
    await drain();
    expect(bodies()).to.deep.equal(["one", "two"]);
  });

  it("gives each send one permanent transaction id", async () => {
    await queue(text("one"), text("two"));
    homeserver.flaws.push("away before");
    await drain().catch(() => undefined);
    await drainUntilDone();
    const [first, again, other] = homeserver.calls.flatMap(({ method, path }) =>
      method === "PUT" ? [path] : [],
    );
    expect(again).to.equal(first);
    expect(other).not.to.equal(first);
  });

  it("recognises a sent event by Synapse's transaction, without asking", async () => {
    await queue(text("one"));
    homeserver.flaws.push("away after");
    await drain().catch(() => undefined);
    const [sent] = homeserver.events;
    await storeEvents(database, [
      message(ROOM, "one", { event_id: sent?.event_id, sender: BOT, content: sent?.content }),
    ]);
    homeserver.restart();
    homeserver.calls.length = 0;
    await drain();
    expect(homeserver.calls).to.deep.equal([]);
    const { rows } = await database.query("SELECT event_id FROM outbox");
    expect(rows).to.deep.equal([{ event_id: sent?.event_id }]);
  });

  it("refers to the event that a send's target became", async () => {
    await queue(
      text("notice"),
      {
        ref: "button",
        conversation: CONVERSATION,
        purpose: { is: "button" },
        type: "m.reaction",
        content: { "m.relates_to": { rel_type: "m.annotation", key: "✅" } },
        target: { ref: "notice" },
      },
      {
        ref: "gone",
        conversation: CONVERSATION,
        purpose: { is: "removal" },
        type: "m.room.redaction",
        content: {},
        target: { ref: "notice" },
      },
    );
    await drain();
    const [notice, gone, button] = homeserver.events;
    expect(button?.content["m.relates_to"]).to.deep.include({ event_id: notice?.event_id, key: "✅" });
    expect(gone?.redacts).to.equal(notice?.event_id);
  });

  it("redacts once, even if the outcome is unknown", async () => {
    await queue(text("notice"), {
      ref: "gone",
      conversation: CONVERSATION,
      purpose: { is: "removal" },
      type: "m.room.redaction",
      content: {},
      target: { ref: "notice" },
    });
    homeserver.flaws.push("away after", "away after");
    await drain().catch(() => undefined);
    homeserver.restart();
    await drain().catch(() => undefined);
    homeserver.restart();
    await drainUntilDone();
    expect(homeserver.events.map(({ type }) => type)).to.deep.equal(["m.room.message", "m.room.redaction"]);
  });

  it("treats a reaction that is already there as sent", async () => {
    await queue(text("reaction", { type: "m.reaction", target: { event: "$other" as never } }), text("next"));
    homeserver.flaws.push({ errcode: "M_DUPLICATE_ANNOTATION" });
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["next"]);
    expect(dropped).to.deep.equal([]);
    expect(await Array.fromAsync(deadLetters(database))).to.deep.equal([]);
  });

  it("cuts a message that is too large for an event, and says so", async () => {
    const long = `${'"'.repeat(39_999)}👩‍⚕️`;
    await queue(
      text("long", { content: { msgtype: "m.text", body: long, format: "x", formatted_body: long } }),
    );
    await drain();
    const [sent] = homeserver.events;
    expect(Buffer.byteLength(JSON.stringify(sent?.content))).to.be.below(65_536 - 2_000);
    expect(sent?.content.body).to.match(/^"{20000,}…$/);
    expect(sent?.content).not.to.have.property("formatted_body");
  });

  it("waits while the conversation has no room", async () => {
    await database.query("UPDATE conversations SET room_id = NULL");
    await queue(text("one"));
    await drain();
    expect(homeserver.calls).to.deep.equal([]);
    await database.query("UPDATE conversations SET room_id = $1", [ROOM]);
    await drain();
    expect(bodies()).to.deep.equal(["one"]);
  });

  it("sends in the name of whoever says it", async () => {
    const mia = "@ht_mia:practice.test" as UserId;
    await queue(text("hers", { as: mia }), text("ours"));
    await drain();
    expect(homeserver.calls.map((call) => call.as)).to.deep.equal([mia, undefined]);
  });
});
