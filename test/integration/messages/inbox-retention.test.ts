import { expect } from "chai";
import { activityEvents } from "../../../src/conversations/list/activity-events.ts";
import { forgetReadMessages } from "../../../src/conversations/list/read-messages.ts";
import { forgetHandledEvents, redactionEvents } from "../../../src/messages/inbox-retention.ts";
import { enqueueSends, forgetSends, REF_KEY } from "../../../src/messages/outbox.ts";
import type { ConversationId, EventId, RoomId } from "../../../src/policy/model.ts";
import { type House, id, openHouse, SETTINGS } from "../../support/practice/conversations.ts";

describe("Whisper's working copies", () => {
  let house: House;
  let room: RoomId;
  let conversation: ConversationId;

  beforeEach(async () => {
    house = await openHouse(() => [activityEvents(SETTINGS), redactionEvents]);
    await house.staff({ users: ["anna", "ben"] });
    const opened = await house.open("anna", { users: ["ben"] });
    conversation = "id" in opened ? opened.id : ("" as ConversationId);
    room = await house.giveRoom(conversation, [id("anna"), id("ben")]);
  });
  afterEach(() => house.close());

  const redact = (event: string) =>
    house.event({
      room,
      sender: id("anna"),
      type: "m.room.redaction",
      content: { redacts: event },
      redacts: event,
    });
  const correct = (event: string, body: string) =>
    house.event({
      room,
      sender: id("anna"),
      type: "m.room.message",
      content: {
        msgtype: "m.text",
        body: `* ${body}`,
        "m.new_content": { msgtype: "m.text", body },
        "m.relates_to": { rel_type: "m.replace", event_id: event },
      },
    });
  /** Everything in the tables, as text. */
  const kept = async (): Promise<string> => {
    const found = await house.database.query<{ text: string }>(
      "SELECT event::text AS text FROM inbox UNION ALL SELECT content::text FROM outbox",
    );
    return found.rows.map(({ text }) => text).join("\n");
  };
  /** Makes everything this much older. */
  const age = async (interval: string) => {
    await house.database.query(
      "UPDATE inbox SET received_at = received_at - $1::interval, handled_at = handled_at - $1::interval",
      [interval],
    );
    await house.database.query(
      "UPDATE outbox SET queued_at = queued_at - $1::interval, sent_at = sent_at - $1::interval, dropped_at = dropped_at - $1::interval",
      [interval],
    );
  };
  const forget = async () => {
    const before = new Date(Date.now() - 30 * 86_400_000);
    await forgetSends(house.database, before);
    await forgetReadMessages(house.database, SETTINGS, await forgetHandledEvents(house.database, before));
  };
  const count = async (table: "inbox" | "outbox" | "room_messages") =>
    (await house.database.query(`SELECT FROM ${table}`)).rowCount ?? 0;
  const unreadOf = async (username: string) =>
    (await house.list(username)).find((each) => each.id === conversation)?.unread;

  describe("of deleted messages", () => {
    it("lose their text and that of their corrections, and no one else's", async () => {
      const message = await house.say(room, "anna", "The secret of Mrs Alder");
      await correct(message, "The secret of Mrs Aldren");
      await house.say(room, "ben", "Something else");
      await redact(message);
      const left = await kept();
      expect(left).not.to.match(/secret|Alder|Aldren/);
      expect(left).to.include("Something else");
    });

    it("lose the text of what Whisper sent, but still know that it was Whisper's", async () => {
      await house.database.transaction((tx) =>
        enqueueSends(tx, [
          {
            ref: "notice:1",
            conversation,
            purpose: { is: "sentence" },
            type: "m.room.message",
            content: { body: "J.A. has arrived" },
          },
        ]),
      );
      const event = await house.event({
        room,
        sender: SETTINGS.bot,
        type: "m.room.message",
        content: { body: "J.A. has arrived", [REF_KEY]: "notice:1" },
      });
      await house.database.query("UPDATE outbox SET event_id = $1, sent_at = now()", [event]);
      await redact(event);
      const left = await kept();
      expect(left).not.to.include("J.A.");
      expect(left).to.include("notice:1");
    });

    it("are left alone by redactions of nothing, and of an event in another room", async () => {
      const message = await house.say(room, "anna", "Still here");
      await house.event({ room, sender: id("anna"), type: "m.room.redaction", content: {} });
      await house.event({
        room: "!other:practice.test" as RoomId,
        sender: id("anna"),
        type: "m.room.redaction",
        content: { redacts: message },
      });
      expect(await kept()).to.include("Still here");
    });
  });

  describe("of events handled long ago", () => {
    const talk = async (messages: number) => {
      const said: EventId[] = [];
      for (let index = 0; index < messages; index++)
        said.push(await house.say(room, "anna", `Message ${index}`));
      return said;
    };

    it("are deleted after the configured time, and not before", async () => {
      await talk(30);
      await age("29 days");
      await forget();
      expect(await kept())
        .to.include("Message 0")
        .and.to.include("Message 29");
      await age("2 days");
      await forget();
      expect(await kept()).not.to.include("Message");
      expect(await count("inbox"), "the last places of the room").to.equal(20);
    });

    it("keep waiting and parked events", async () => {
      await talk(25);
      await house.database.query(
        "UPDATE inbox SET handled_at = NULL, parked_at = now() WHERE event->'content'->>'body' = 'Message 3'",
      );
      await house.database.query(
        "UPDATE inbox SET handled_at = NULL WHERE event->'content'->>'body' = 'Message 4'",
      );
      await age("40 days");
      await forget();
      expect(await kept())
        .to.match(/Message 3/)
        .and.to.match(/Message 4/)
        .and.not.to.match(/Message 5/);
    });

    it("do not change what is read and unread", async () => {
      await talk(40);
      await age("40 days");
      await forget();
      expect(await unreadOf("ben")).to.equal(40);
      const last = await house.say(room, "anna", "Are you there?");
      await house.read(room, "ben", last);
      await age("40 days");
      await forget();
      expect(await unreadOf("ben")).to.equal(0);
      expect(await count("room_messages")).to.equal(0);
      await house.say(room, "anna", "Again");
      expect(await unreadOf("ben")).to.equal(1);
    });

    it("recognise a receipt for the last message of a long quiet room", async () => {
      const said = await talk(5);
      await age("90 days");
      await forget();
      await house.read(room, "ben", said.at(-1) as EventId);
      expect(await unreadOf("ben")).to.equal(0);
    });

    it("recognise a receipt that came before its message, even if the message is gone", async () => {
      await house.read(room, "ben", "$late" as EventId);
      await house.event({
        room,
        sender: id("anna"),
        type: "m.room.message",
        content: { body: "Late" },
        eventId: "$late",
      });
      await house.database.query("UPDATE receipts SET position = NULL");
      for (let index = 0; index < 25; index++) await house.say(room, "ben", "Mine");
      await house.database.query("UPDATE room_messages SET by_whisper = true WHERE sender = $1", [id("ben")]);
      await age("90 days");
      await forget();
      expect(await unreadOf("ben")).to.equal(0);
    });

    it("are not sent again, and can still be redacted", async () => {
      const send = {
        ref: "alert:1",
        conversation,
        purpose: { is: "sentence" } as const,
        type: "m.room.message",
        content: { body: "Phones are down" },
      };
      const reaction = {
        ref: "alert:1:✅",
        conversation,
        purpose: { is: "button" } as const,
        type: "m.reaction",
        content: { key: "✅" },
        target: { ref: "alert:1" },
      };
      await house.database.transaction((tx) => enqueueSends(tx, [send, reaction]));
      await house.database.query("UPDATE outbox SET sent_at = now(), event_id = '$' || seq");
      await age("40 days");
      await forget();
      await house.database.transaction((tx) => enqueueSends(tx, [send]));
      const left = await house.database.query(
        "SELECT ref, event_id IS NOT NULL AS known, content FROM outbox",
      );
      expect(left.rows).to.deep.equal([{ ref: "alert:1", known: true, content: {} }]);
    });

    it("keep what could not be sent yet", async () => {
      await house.database.transaction((tx) =>
        enqueueSends(tx, [
          {
            ref: "waits",
            conversation,
            purpose: { is: "sentence" },
            type: "m.room.message",
            content: { body: "Waits" },
          },
        ]),
      );
      await age("40 days");
      await forget();
      expect(await kept()).to.include("Waits");
    });
  });
});
