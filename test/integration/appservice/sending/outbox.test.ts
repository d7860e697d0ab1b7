import { expect } from "chai";
import { MatrixRefused } from "../../../../src/appservice/homeserver/homeserver.ts";
import { storeEvents } from "../../../../src/appservice/intake/inbox.ts";
import { drainOutbox } from "../../../../src/appservice/sending/outbox-sender.ts";
import { deadLetters, discardDeadLetter, retryDeadLetter } from "../../../../src/jobs/dead-letters.ts";
import { enqueueSends, REF_KEY, type Send } from "../../../../src/messages/outbox.ts";
import type { ConversationId, UserId } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { MAX_ATTEMPTS } from "../../../../src/store/jobs.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { FlawedHomeserver } from "../../../support/homeserver/flawed-homeserver.ts";
import { message } from "../../../support/http/intake.ts";

const ROOM = "!room:practice.test";
const CONVERSATION = "c1" as ConversationId;
const BOT = "@whisper:practice.test" as UserId;

const FORBIDDEN = { errcode: "M_FORBIDDEN" };
const REPAIR_REFUSED = new MatrixRefused({ method: "POST", path: "/join" }, 403, "M_FORBIDDEN", "no");

describe("the outbox", () => {
  let database: Database;
  let homeserver: FlawedHomeserver;
  let dropped: string[];
  let repairs: UserId[];
  let repair: () => Promise<void>;

  beforeEach(async () => {
    database = await testDatabase();
    await database.query(
      "INSERT INTO conversations (id, kind, natural_key, room_id) VALUES ($1, 'alerts', 'alerts', $2)",
      [CONVERSATION, ROOM],
    );
    homeserver = new FlawedHomeserver();
    dropped = [];
    repairs = [];
    repair = async () => undefined;
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
      {
        database,
        homeserver,
        bot: BOT,
        repair: async (_conversation, sender) => {
          repairs.push(sender);
          await repair();
        },
        onDropped: ({ errcode }) => dropped.push(errcode),
      },
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
    expect(await Array.fromAsync(deadLetters(database))).to.deep.equal([]);
  });

  for (const [status, errcode] of [
    [413, "M_TOO_LARGE"],
    [400, "M_BAD_JSON"],
    [400, "M_UNKNOWN"],
    [405, "M_UNRECOGNIZED"],
    [409, "M_CONFLICT"],
  ] as const) {
    it(`gives up ${errcode} (${status}) at once, and holds up nobody behind it`, async () => {
      await queue(text("before"), text("refused"), text("next"));
      homeserver.flaws.push("no flaw", { errcode, status });
      await drain();
      expect(bodies()).to.deep.equal(["before", "next"]);
      expect(dropped).to.deep.equal([errcode]);
      expect(repairs).to.deep.equal([]);
      const letters = await Array.fromAsync(deadLetters(database));
      expect(letters.map(({ kind, error, attempts }) => ({ kind, error, attempts }))).to.deep.equal([
        { kind: "send", error: errcode, attempts: 1 },
      ]);
    });
  }

  for (const status of [401, 408, 425]) {
    it(`tries again after ${status}, and keeps the order`, async () => {
      await queue(text("one"), text("two"));
      homeserver.flaws.push({ errcode: "M_UNKNOWN", status }, { errcode: "M_UNKNOWN", status });
      await drainUntilDone();
      expect(bodies()).to.deep.equal(["one", "two"]);
      expect(dropped).to.deep.equal([]);
    });
  }

  for (const [status, errcode] of [
    [403, "M_FORBIDDEN"],
    [404, "M_NOT_FOUND"],
  ] as const) {
    it(`has the room put right once after ${errcode}, then sends in order`, async () => {
      const mia = "@ht_mia:practice.test" as UserId;
      await queue(text("one", { as: mia }), text("two"));
      homeserver.flaws.push({ errcode, status });
      await drainUntilDone();
      expect(bodies()).to.deep.equal(["one", "two"]);
      expect(repairs).to.deep.equal([mia]);
      expect(dropped).to.deep.equal([]);
    });

    it(`gives up what is ${errcode} also in a room that was put right, goes on, and sends it when told to`, async () => {
      await queue(
        text("refused"),
        text("next"),
        text("about it", { type: "m.reaction", target: { ref: "refused" } }),
      );
      homeserver.flaws.push({ errcode, status }, { errcode, status });
      for (let runs = 0; runs < 3; runs++) await drain();
      expect(bodies()).to.deep.equal(["next"]);
      expect(repairs).to.deep.equal([BOT]);
      expect(dropped).to.deep.equal([errcode, "TARGET_NOT_SENT"]);
      const [letter, ...others] = await Array.fromAsync(deadLetters(database));
      expect(others).to.deep.equal([]);
      expect(letter).to.include({ kind: "send", error: errcode });
      expect(await retryDeadLetter(database, letter?.id ?? "")).to.equal(true);
      await drain();
      expect(bodies()).to.deep.equal(["next", "refused"]);
    });
  }

  it("does not give up when the room could not be looked at", async () => {
    await queue(text("one"), text("two"));
    const forbidden = { errcode: "M_FORBIDDEN" };
    homeserver.flaws.push(forbidden, forbidden);
    let tries = 0;
    repair = async () => {
      if (tries++ === 0) throw new Error("the homeserver went away");
    };
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["one", "two"]);
    expect(dropped).to.deep.equal([]);
  });

  it("does not give up when the repair of the room was itself refused, and keeps the order", async () => {
    await queue(text("one"), text("two"));
    homeserver.flaws.push({ errcode: "M_FORBIDDEN" }, { errcode: "M_NOT_FOUND", status: 404 }, FORBIDDEN);
    let tries = 0;
    repair = async () => {
      if (tries++ < 2) throw REPAIR_REFUSED;
    };
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["one", "two"]);
    expect(dropped).to.deep.equal([]);
    expect(repairs).to.have.lengthOf(3);
  });

  it("gives up what is refused in a room that can never be put right, after bounded tries, and goes on", async () => {
    await queue(text("one"), text("two"));
    repair = async () => {
      throw REPAIR_REFUSED;
    };
    for (let tries = 0; tries < MAX_ATTEMPTS && !bodies().includes("two"); tries++) {
      if (dropped.length === 0) homeserver.flaws.splice(0, Infinity, FORBIDDEN);
      await drain().catch(() => undefined);
    }
    expect(bodies()).to.deep.equal(["two"]);
    expect(dropped).to.deep.equal(["M_FORBIDDEN"]);
    expect(repairs).to.have.length.within(10, MAX_ATTEMPTS - 1);
  });

  it("looks once more when it was killed between the look and the next try", async () => {
    await queue(text("one"));
    homeserver.flaws.push(FORBIDDEN, "away before", FORBIDDEN);
    await drain().catch(() => undefined);
    await drain().catch(() => undefined);
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["one"]);
    expect(repairs).to.deep.equal([BOT, BOT]);
  });

  it("sends into the next room what was refused since its room was gone", async () => {
    await queue(text("one"));
    homeserver.flaws.push({ errcode: "M_FORBIDDEN" });
    repair = async () => {
      await database.query("UPDATE conversations SET room_id = '!replaced:practice.test'");
    };
    await drainUntilDone();
    expect(homeserver.events.map(({ room_id }) => room_id)).to.deep.equal(["!replaced:practice.test"]);
  });

  it("lets go of what is retried and refused again, as often as it is tried", async () => {
    await queue(text("refused"));
    const tooLarge = { errcode: "M_TOO_LARGE", status: 413 };
    homeserver.flaws.push(tooLarge, tooLarge);
    await drain();
    const [letter] = await Array.fromAsync(deadLetters(database));
    await retryDeadLetter(database, letter?.id ?? "");
    await queue(text("next"));
    await drain();
    expect(bodies()).to.deep.equal(["next"]);
    expect(await Array.fromAsync(deadLetters(database))).to.have.lengthOf(1);
  });

  it("lets go of a send that was given up, for good", async () => {
    await queue(text("refused"));
    homeserver.flaws.push({ errcode: "M_TOO_LARGE", status: 413 });
    await drain();
    const [letter] = await Array.fromAsync(deadLetters(database));
    expect(letter).to.include({ kind: "send", what: "m.room.message to alerts" });
    expect(await discardDeadLetter(database, letter?.id ?? "")).to.equal(true);
    expect(await discardDeadLetter(database, letter?.id ?? "")).to.equal(false);
    expect(await retryDeadLetter(database, letter?.id ?? "")).to.equal(false);
    await drain();
    expect(await Array.fromAsync(deadLetters(database))).to.deep.equal([]);
    expect(bodies()).to.deep.equal([]);
  });

  it("begins anew after what it gave up, so that refusals of one send are no tries of the next", async () => {
    await queue(text("refused"), text("refused too"), text("next"));
    for (let tries = 0; tries < 40; tries++) homeserver.flaws.push({ errcode: "M_UNKNOWN", status: 401 });
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
    expect(dropped).to.deep.equal(["M_UNKNOWN", "M_UNKNOWN"]);
    expect(most).to.be.below(MAX_ATTEMPTS);
  });

  it("never keeps what is too large for an event: it is cut, and says so", async () => {
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
