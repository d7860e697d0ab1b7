import { expect } from "chai";
import { movedRef, type Send } from "../../../../src/messages/outbox.ts";
import type { EventId } from "../../../../src/policy/model.ts";
import { CONVERSATION, type OutboxHouse, openOutbox, text } from "./outbox-house.ts";

describe("a send about a message in a room that has been replaced", () => {
  const about = "$said-before" as EventId;
  const target = { event: about };
  let outbox: OutboxHouse;
  beforeEach(async () => {
    outbox = await openOutbox();
    await outbox.database.query(
      "INSERT INTO inbox (event_id, room_id, type, event) VALUES ($1, '!before:practice.test', 'm.room.message', '{}')",
      [about],
    );
  });
  afterEach(() => outbox.database.close());

  const note = (purpose: "sentence" | "edit"): Send =>
    text("note", {
      purpose: { is: purpose },
      content: { msgtype: "m.text", body: "note", "m.relates_to": { rel_type: "m.thread" } },
      target,
    });
  const button: Send = {
    ref: "button",
    conversation: CONVERSATION,
    purpose: { is: "button" },
    type: "m.reaction",
    content: { "m.relates_to": { rel_type: "m.annotation", key: "✅" } },
    target,
  };
  const relations = () => outbox.homeserver.events.map(({ content }) => content["m.relates_to"]);

  it("is said by itself, without the relation that Synapse would refuse, if it is worth reading", async () => {
    await outbox.queue(note("sentence"), button);
    await outbox.drain();
    expect(outbox.bodies()).to.deep.equal(["note"]);
    expect(relations()).to.deep.equal([undefined]);
    expect(outbox.dropped).to.deep.equal(["TARGET_NOT_SENT"]);
  });

  it("is about the message's repetition, if it was repeated", async () => {
    await outbox.queue(text(movedRef(about), { purpose: { is: "repetition" } }), note("sentence"), button);
    await outbox.drain();
    const [repeated] = outbox.homeserver.events;
    expect(relations()).to.deep.equal([
      undefined,
      { rel_type: "m.thread", event_id: repeated?.event_id },
      { rel_type: "m.annotation", key: "✅", event_id: repeated?.event_id },
    ]);
  });

  it("is left out if it only changes the message", async () => {
    await outbox.queue(note("edit"));
    await outbox.drain();
    expect(outbox.homeserver.events).to.deep.equal([]);
  });
});
