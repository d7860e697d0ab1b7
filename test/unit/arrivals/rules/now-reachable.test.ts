import { expect } from "chai";
import { acknowledgeNotice, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
import { endArrival } from "../../../../src/arrivals/rules/ending.ts";
import { noticeNotSent } from "../../../../src/arrivals/rules/not-sent.ts";
import { notifyNowReachable } from "../../../../src/arrivals/rules/now-reachable.ts";
import {
  arrived,
  directoryOf,
  JONES,
  minute,
  NO_RECEPTION,
  NURSE,
  progress,
  spell,
  told,
  user,
} from "../support/builders.ts";

const nobodyTold = (): Arrival => arrived({}, [{ username: JONES, deliver: false, reason: "no-account" }]);

describe("telling people who could not be told before", () => {
  const directory = directoryOf([user(JONES, { doctor: true }), user("mia"), user(NURSE)]);

  it("posts the notice, tells whoever marked it, and gives the doctor the whole time for an answer", () => {
    const { arrival, effects } = notifyNowReachable(nobodyTold(), directory, NO_RECEPTION, minute(90));
    expect(progress(arrival)).to.deep.equal(["dr.jones waiting"]);
    expect(spell(effects)).to.deep.equal(["post dr.jones", "report-told dr.jones", "start-clock"]);
    expect(stateOf(arrival)).to.equal("waiting");
  });

  it("tries what Synapse refused again, seldom, without calling it told or putting off the next step", () => {
    const refused =
      noticeNotSent(arrived(), { username: JONES, posting: 1 }, true, minute(85))?.arrival ?? arrived();
    const again = (refusedBefore: Date) =>
      spell(notifyNowReachable(refused, directory, NO_RECEPTION, minute(90), refusedBefore).effects);
    expect(again(minute(84))).to.deep.equal([]);
    expect(again(minute(86))).to.deep.equal(["post dr.jones"]);
    // The same as when the booking is sent again.
    expect(spell(notifyNowReachable(refused, directory, NO_RECEPTION, minute(86)).effects)).to.deep.equal([
      "post dr.jones",
    ]);
  });

  it("does nothing for those who still cannot be told", () => {
    const still = directoryOf([user(JONES, { doctor: true, active: false }), user("mia")]);
    expect(notifyNowReachable(nobodyTold(), still, NO_RECEPTION, minute(90)).effects).to.deep.equal([]);
  });

  it("tells the doctor also when somebody who only watches has acknowledged it", () => {
    const arrival = arrived({}, [{ username: JONES, deliver: false, reason: "no-account" }, ...told(NURSE)]);
    const answered = acknowledgeNotice(arrival, NURSE, minute(85))?.arrival ?? arrival;
    const change = notifyNowReachable(answered, directory, NO_RECEPTION, minute(90));
    expect(progress(change.arrival)).to.deep.equal(["dr.jones waiting", "nurse acknowledged"]);
    expect(stateOf(change.arrival)).to.equal("waiting");
  });

  it("does nothing once somebody who was called in has answered, or the patient is seen", () => {
    const before = arrived({}, [{ username: JONES, deliver: false, reason: "no-account" }, ...told(NURSE)]);
    const notices = before.notices.map((notice) =>
      notice.username === NURSE ? { ...notice, toldAs: "backup" as const } : notice,
    );
    const arrival = { ...before, notices };
    for (const answer of [acknowledgeNotice, replyToNotice]) {
      const answered = answer(arrival, NURSE, minute(85))?.arrival ?? arrival;
      expect(notifyNowReachable(answered, directory, NO_RECEPTION, minute(90)).effects).to.deep.equal([]);
    }
    const seen = endArrival(arrival, "in_session", minute(85)).arrival;
    expect(notifyNowReachable(seen, directory, NO_RECEPTION, minute(90)).effects).to.deep.equal([]);
  });
});
