import { expect } from "chai";
import { storeEvents } from "../../../src/appservice/inbox.ts";
import { drainOutbox } from "../../../src/appservice/outbox-sender.ts";
import { deadLetters, retryDeadLetter } from "../../../src/jobs/dead-letters.ts";
import { enqueueSends, REF_KEY, type Send } from "../../../src/messages/outbox.ts";
import type { ConversationId, UserId } from "../../../src/policy/model.ts";
import type { Database } from "../../../src/store/database.ts";
import { MAX_ATTEMPTS } from "../../../src/store/jobs.ts";
import { FlawedHomeserver } from "../../support/flawed-homeserver.ts";
import { message } from "../../support/intake.ts";
import { testDatabase } from "../../support/postgres.ts";

const ROOM = "!room:practice.test";
const CONVERSATION = "c1" as ConversationId;
const BOT = "@whisper:practice.test" as UserId;

describe("the outbox", () => {
  let database: Database;
  let homeserver: FlawedHomeserver;
  let dropped: string[];

  beforeEach(async () => {
    database = await testDatabase();
    await database.query(
      "INSERT INTO conversations (id, kind, natural_key, room_id) VALUES ($1, 'alerts', 'alerts', $2)",
      [CONVERSATION, ROOM],
    );
    homeserver = new FlawedHomeserver();
    dropped = [];
  });
  afterEach(() => database.close());

  const text = (ref: string, more: Partial<Send> = {}): Send => ({
    ref,
    conversation: CONVERSATION,
    type: "m.room.message",
    content: { msgtype: "m.text", body: ref },
    ...more,
  });
  const queue = (...sends: Send[]) => database.transaction((tx) => enqueueSends(tx, sends));
  const drain = () =>
    drainOutbox(
      { database, homeserver, bot: BOT, onDropped: ({ errcode }) => dropped.push(errcode) },
      CONVERSATION,
    );
  /** As the jobs do: again after each failure. */
  const drainUntilDone = async (most = 30) => {
    for (let tries = 0; tries < most; tries++) {
      const failed = await drain().then(
        () => false,
        () => true,
      );
      const { rows } = await database.query(
        "SELECT FROM outbox WHERE sent_at IS NULL AND dropped_at IS NULL",
      );
      if (!failed && rows.length === 0) return;
    }
    throw new Error(`still failing after ${most} tries`);
  };
  const queued = async () =>
    (
      await database.query("SELECT FROM graphile_worker._private_jobs WHERE key = $1", [
        `outbox:${CONVERSATION}`,
      ])
    ).rows.length > 0;
  const bodies = () => homeserver.events.map(({ content }) => content.body);

  it("sends in order, each with its ref, and a known ref once", async () => {
    await queue(text("one"), text("two"), text("three"));
    await queue(text("two"));
    await drain();
    expect(bodies()).to.deep.equal(["one", "two", "three"]);
    expect(homeserver.events.map(({ content }) => content[REF_KEY])).to.deep.equal(["one", "two", "three"]);
  });

  it("asks for nothing when a first try has not been made yet", async () => {
    await queue(text("one"));
    await drain();
    expect(homeserver.calls.map(({ method }) => method)).to.deep.equal(["PUT"]);
  });

  for (const flaw of ["away before", "away after"] as const) {
    for (const memory of ["remembers", "has forgotten"] as const) {
      it(`sends once when the homeserver went ${flaw} its answer and ${memory} the transaction id`, async () => {
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

  it("gives a send one transaction id for ever, and two sends two", async () => {
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

  it("knows a sent event again by what Synapse has told of it, without asking", async () => {
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

  it("names what a send is about by the event that its target became", async () => {
    await queue(
      text("notice"),
      {
        ref: "button",
        conversation: CONVERSATION,
        type: "m.reaction",
        content: { "m.relates_to": { rel_type: "m.annotation", key: "✅" } },
        target: { ref: "notice" },
      },
      {
        ref: "gone",
        conversation: CONVERSATION,
        type: "m.room.redaction",
        content: {},
        target: { ref: "notice" },
      },
    );
    await drain();
    const [notice, button, gone] = homeserver.events;
    expect(button?.content["m.relates_to"]).to.deep.include({ event_id: notice?.event_id, key: "✅" });
    expect(gone?.redacts).to.equal(notice?.event_id);
  });

  it("redacts once, also when nobody knows whether it was done", async () => {
    await queue(text("notice"), {
      ref: "gone",
      conversation: CONVERSATION,
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

  it("takes a reaction that is there already for one that was sent", async () => {
    await queue(text("reaction", { type: "m.reaction", target: { event: "$other" as never } }), text("next"));
    homeserver.flaws.push({ errcode: "M_DUPLICATE_ANNOTATION" });
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["next"]);
    expect(dropped).to.deep.equal([]);
    expect(await deadLetters(database)).to.deep.equal([]);
  });

  it("puts aside what is refused again and again, goes on after it, and sends it when told to", async () => {
    await queue(
      text("refused"),
      text("next"),
      text("about it", { type: "m.reaction", target: { ref: "refused" } }),
    );
    for (let tries = 0; tries < 20; tries++) homeserver.flaws.push({ errcode: "M_FORBIDDEN" });
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["next"]);
    expect(dropped).to.deep.equal(["M_FORBIDDEN", "TARGET_NOT_SENT"]);
    const [letter, ...others] = await deadLetters(database);
    expect(others).to.deep.equal([]);
    expect(letter).to.include({ kind: "send", error: "M_FORBIDDEN" });
    expect(await retryDeadLetter(database, letter?.id ?? "")).to.equal(true);
    await drain();
    expect(bodies()).to.deep.equal(["next", "refused"]);
  });

  it("begins anew after what it gave up, so that refusals of one send are no tries of the next", async () => {
    await queue(text("refused"), text("refused too"), text("next"));
    for (let tries = 0; tries < 40; tries++) homeserver.flaws.push({ errcode: "M_FORBIDDEN" });
    // A job that ends well has no tries behind it when it is wanted again; one that fails this often is a dead letter.
    let failures = 0;
    let most = 0;
    for (let runs = 0; runs < 50 && !bodies().includes("next"); runs++) {
      failures = await drain().then(
        () => 0,
        () => failures + 1,
      );
      most = Math.max(most, failures);
      if (failures === 0) expect(await queued(), "wanted again").to.equal(true);
    }
    expect(bodies()).to.deep.equal(["next"]);
    expect(dropped).to.deep.equal(["M_FORBIDDEN", "M_FORBIDDEN"]);
    expect(most).to.be.below(MAX_ATTEMPTS);
  });

  it("gives up at once what is about an event of a room that has been replaced, and goes on", async () => {
    await queue(text("notice"));
    await drain();
    await database.query("UPDATE conversations SET room_id = '!replaced:practice.test'");
    await queue(text("button", { type: "m.reaction", target: { ref: "notice" } }), text("next"));
    await drain();
    expect(bodies()).to.deep.equal(["notice", "next"]);
    expect(dropped).to.deep.equal(["TARGET_NOT_SENT"]);
  });

  it("sends once more what went into a room that was replaced in that moment", async () => {
    await queue(text("notice"));
    const before = homeserver.call.bind(homeserver);
    homeserver.call = async (call) => {
      const answer = await before(call);
      await database.query("UPDATE conversations SET room_id = '!replaced:practice.test'");
      return answer as never;
    };
    await drain();
    homeserver.call = before;
    await drain();
    await drain();
    expect(homeserver.events.map(({ room_id }) => room_id)).to.deep.equal([ROOM, "!replaced:practice.test"]);
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
