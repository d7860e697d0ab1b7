import { expect } from "chai";
import { MatrixRefused } from "../../../../src/appservice/homeserver/homeserver.ts";
import { deadLetters, discardDeadLetter, retryDeadLetter } from "../../../../src/jobs/dead-letters.ts";
import type { UserId } from "../../../../src/policy/model.ts";
import { MAX_ATTEMPTS } from "../../../../src/store/jobs.ts";
import { BOT, type OutboxHouse, openOutbox, ROOM, text } from "./outbox-house.ts";

const FORBIDDEN = { errcode: "M_FORBIDDEN" };
const REPAIR_REFUSED = new MatrixRefused({ method: "POST", path: "/join" }, 403, "M_FORBIDDEN", "no");

describe("the outbox, when a send is refused", () => {
  let outbox: OutboxHouse;
  let database: OutboxHouse["database"];
  let homeserver: OutboxHouse["homeserver"];
  let dropped: OutboxHouse["dropped"];
  let repairs: OutboxHouse["repairs"];
  let queue: OutboxHouse["queue"];
  let drain: OutboxHouse["drain"];
  let drainUntilDone: OutboxHouse["drainUntilDone"];
  let queued: OutboxHouse["queued"];
  let bodies: OutboxHouse["bodies"];

  beforeEach(async () => {
    outbox = await openOutbox();
    ({ database, homeserver, dropped, repairs, queue, drain, drainUntilDone, queued, bodies } = outbox);
  });
  afterEach(() => outbox.database.close());

  for (const [status, errcode] of [
    [413, "M_TOO_LARGE"],
    [400, "M_BAD_JSON"],
    [400, "M_UNKNOWN"],
    [405, "M_UNRECOGNIZED"],
    [409, "M_CONFLICT"],
  ] as const) {
    it(`gives up ${errcode} (${status}) immediately, and delays nothing behind it`, async () => {
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
    it(`repairs the room once after ${errcode}, then sends in order`, async () => {
      const mia = "@ht_mia:practice.test" as UserId;
      await queue(text("one", { as: mia }), text("two"));
      homeserver.flaws.push({ errcode, status });
      await drainUntilDone();
      expect(bodies()).to.deep.equal(["one", "two"]);
      expect(repairs).to.deep.equal([mia]);
      expect(dropped).to.deep.equal([]);
    });

    it(`gives up after ${errcode} in a repaired room, continues, and sends it when told to`, async () => {
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

  it("does not give up if the room could not be checked", async () => {
    await queue(text("one"), text("two"));
    const forbidden = { errcode: "M_FORBIDDEN" };
    homeserver.flaws.push(forbidden, forbidden);
    let tries = 0;
    outbox.repair = async () => {
      if (tries++ === 0) throw new Error("the homeserver went away");
    };
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["one", "two"]);
    expect(dropped).to.deep.equal([]);
  });

  it("does not give up if the room's repair was refused, and keeps the order", async () => {
    await queue(text("one"), text("two"));
    homeserver.flaws.push({ errcode: "M_FORBIDDEN" }, { errcode: "M_NOT_FOUND", status: 404 }, FORBIDDEN);
    let tries = 0;
    outbox.repair = async () => {
      if (tries++ < 2) throw REPAIR_REFUSED;
    };
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["one", "two"]);
    expect(dropped).to.deep.equal([]);
    expect(repairs).to.have.lengthOf(3);
  });

  it("gives up after bounded tries in a room that can never be repaired, and continues", async () => {
    await queue(text("one"), text("two"));
    outbox.repair = async () => {
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

  it("looks again if it was killed between the look and the next try", async () => {
    await queue(text("one"));
    homeserver.flaws.push(FORBIDDEN, "away before", FORBIDDEN);
    await drain().catch(() => undefined);
    await drain().catch(() => undefined);
    await drainUntilDone();
    expect(bodies()).to.deep.equal(["one"]);
    expect(repairs).to.deep.equal([BOT, BOT]);
  });

  it("sends into the next room after its room was gone", async () => {
    await queue(text("one"));
    homeserver.flaws.push({ errcode: "M_FORBIDDEN" });
    outbox.repair = async () => {
      await database.query("UPDATE conversations SET room_id = '!replaced:practice.test'");
    };
    await drainUntilDone();
    expect(homeserver.events.map(({ room_id }) => room_id)).to.deep.equal(["!replaced:practice.test"]);
  });

  it("gives up a retried send that is refused again, each time", async () => {
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

  it("discards a send that was given up, for good", async () => {
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

  it("starts again after a send it gave up, so that its refusals do not count for the next", async () => {
    await queue(text("refused"), text("refused too"), text("next"));
    for (let tries = 0; tries < 40; tries++) homeserver.flaws.push({ errcode: "M_UNKNOWN", status: 401 });
    // A job that succeeds has no failed tries left when it is queued again. One that fails this often is a dead letter.
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

  it("immediately gives up a send about an event in a replaced room, and continues", async () => {
    await queue(text("notice"));
    await drain();
    await database.query("UPDATE conversations SET room_id = '!replaced:practice.test'");
    await queue(text("button", { type: "m.reaction", target: { ref: "notice" } }), text("next"));
    await drain();
    expect(bodies()).to.deep.equal(["notice", "next"]);
    expect(dropped).to.deep.equal(["TARGET_NOT_SENT"]);
  });

  it("sends again what went into a room that was being replaced", async () => {
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
});
