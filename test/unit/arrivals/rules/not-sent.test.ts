import { expect } from "chai";
import { acknowledgeNotice, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
import { endArrival } from "../../../../src/arrivals/rules/ending.ts";
import { noticeToPost } from "../../../../src/arrivals/rules/give-notices.ts";
import { noticeNotSent, replyNotPassedOn } from "../../../../src/arrivals/rules/not-sent.ts";
import type { Username } from "../../../../src/policy/model.ts";
import { arrived, JONES, minute, NURSE, named, progress, spell, told } from "../support/builders.ts";

const BACKUP = named("dr.backup");
const replied = (arrival: Arrival): Arrival =>
  replyToNotice(arrival, JONES, minute(87))?.arrival ?? expect.fail("nothing to reply to");

describe("a notice that could not be sent", () => {
  const posting = arrived().notices[0]?.posting ?? 0;

  it("is undeliverable, and whoever marked the arrival is told", () => {
    const change = noticeNotSent(arrived(), { username: JONES, posting }, true, minute(90));
    expect(change && progress(change.arrival)).to.deep.equal(["dr.jones undeliverable not-sent"]);
    expect(change && stateOf(change.arrival)).to.equal("undeliverable");
    expect(change && spell(change.effects)).to.deep.equal(["report dr.jones"]);
    expect(change?.arrival.notices[0]?.progress).to.deep.include({ reason: "not-sent", reported: true });
  });

  it("does not count as reported if whoever marked the arrival cannot be told", () => {
    const change = noticeNotSent(arrived(), { username: JONES, posting }, false, minute(90));
    expect(change?.effects).to.deep.equal([]);
    expect(change?.arrival.notices[0]?.progress).to.deep.include({ reported: false });
  });

  it("keeps others' notices, and later postings, as they are", () => {
    const change = noticeNotSent(
      arrived({}, told(JONES, NURSE)),
      { username: JONES, posting },
      true,
      minute(90),
    );
    expect(change && progress(change.arrival)).to.deep.equal([
      "dr.jones undeliverable not-sent",
      "nurse waiting",
    ]);
    expect(noticeNotSent(arrived(), { username: JONES, posting: posting + 1 }, true, minute(90))).to.equal(
      null,
    );
  });

  describe("to those whom an escalation step called in", () => {
    const calledIn = (...usernames: Username[]): Arrival => {
      const before = arrived();
      const notices = usernames.map((username) => ({
        ...noticeToPost(username, minute(86)),
        toldAs: "backup" as const,
        shown: true,
      }));
      const step = { kind: "backup" as const, label: "Backup", told: true, at: minute(86) };
      return { ...before, notices: [...before.notices, ...notices], escalations: [step] };
    };
    const lost = (arrival: Arrival) =>
      noticeNotSent(arrival, { username: BACKUP, posting: 1 }, true, minute(90));

    it("makes the step one that told nobody, says so, and the next one is taken at once", () => {
      const change = lost(calledIn(BACKUP));
      expect(change?.arrival.escalations.map(({ told: some }) => some)).to.deep.equal([false]);
      expect(change && spell(change.effects)).to.deep.equal([
        "report dr.backup",
        "edit dr.jones",
        "start-clock",
      ]);
      expect(change?.effects.at(-1)).to.deep.equal({ do: "start-clock", from: minute(90), atOnce: true });
    });

    it("leaves a step that reached another one of them", () => {
      const change = lost(calledIn(BACKUP, NURSE));
      expect(change?.arrival.escalations.map(({ told: some }) => some)).to.deep.equal([true]);
      expect(change && spell(change.effects)).to.deep.equal(["report dr.backup"]);
    });

    it("takes no step for a patient who has been seen", () => {
      const over = endArrival(calledIn(BACKUP), "in_session", minute(88)).arrival;
      expect(lost(over)).to.equal(null);
    });
  });

  it("does not undo what the recipient did in the room before this one", () => {
    const change = noticeNotSent(replied(arrived()), { username: JONES, posting }, true, minute(90));
    expect(change && progress(change.arrival)).to.deep.equal(["dr.jones replied"]);
    const done = acknowledgeNotice(arrived(), JONES, minute(82))?.arrival;
    expect(done && noticeNotSent(done, { username: JONES, posting }, true, minute(90))).to.equal(null);
  });
});

describe("an answer that could not be passed on", () => {
  it("is awaited again, and its time restarts", () => {
    const change = replyNotPassedOn(replied(arrived()), JONES, minute(90));
    expect(change && progress(change.arrival)).to.deep.equal(["dr.jones waiting"]);
    expect(change?.arrival.notices[0]).to.include({ repliedAt: null, answeredAt: null });
    expect(change && spell(change.effects)).to.deep.equal(["edit dr.jones", "start-clock"]);
  });

  it("gives people who were called in their notices back", () => {
    const called = { ...noticeToPost(BACKUP, minute(86)), toldAs: "backup" as const, shown: true };
    const before = arrived();
    const settled = replied({ ...before, notices: [...before.notices, called] });
    expect(progress(settled)).to.deep.equal(["dr.jones replied", "dr.backup retracted answered"]);
    const change = replyNotPassedOn(settled, JONES, minute(90));
    expect(change && progress(change.arrival)).to.deep.equal(["dr.jones waiting", "dr.backup waiting"]);
    expect(change && spell(change.effects)).to.include("post dr.backup");
    expect(change?.arrival.notices[1]?.posting).to.equal(called.posting + 1);
  });

  it("changes nothing once the recipient has acknowledged, or the patient is seen", () => {
    const done = acknowledgeNotice(replied(arrived()), JONES, minute(88))?.arrival;
    expect(done && replyNotPassedOn(done, JONES, minute(90))).to.equal(null);
    const ended = endArrival(replied(arrived()), "in_session", minute(88)).arrival;
    expect(replyNotPassedOn(ended, JONES, minute(90))).to.equal(null);
  });
});
