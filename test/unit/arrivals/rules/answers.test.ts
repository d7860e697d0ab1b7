import { expect } from "chai";
import { acknowledgeNotice, openThread, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
import { endArrival } from "../../../../src/arrivals/rules/ending.ts";
import { noticeToPost } from "../../../../src/arrivals/rules/give-notices.ts";
import { arrived, JONES, minute, NURSE, named, progress, spell, told } from "../support/builders.ts";

const BACKUP = named("dr.backup");
const RECEPTION = named("reception");

/** The doctor has not answered, so two more were told. */
function escalated(): Arrival {
  const arrival = arrived({}, told(JONES, NURSE));
  const called = (["backup", "reception"] as const).map((toldAs, index) => ({
    ...noticeToPost(index === 0 ? BACKUP : RECEPTION, minute(86)),
    toldAs,
    shown: true,
  }));
  return {
    ...arrival,
    notices: [...arrival.notices, ...called],
    escalations: [{ kind: "backup", label: "Backup", told: true, at: minute(86) }],
  };
}

describe("✅", () => {
  it("removes the notice and records when", () => {
    const change = acknowledgeNotice(arrived(), JONES, minute(82));
    expect(change && progress(change.arrival)).to.deep.equal(["dr.jones acknowledged"]);
    expect(change && spell(change.effects)).to.deep.equal(["take-down dr.jones"]);
    expect(change?.arrival.notices[0]?.answeredAt).to.deep.equal(minute(82));
  });

  it("is one acknowledgement, however often it is clicked", () => {
    const first = acknowledgeNotice(arrived(), JONES, minute(82));
    expect(first && acknowledgeNotice(first.arrival, JONES, minute(83))).to.equal(null);
  });

  it("does nothing on a retracted notice", () => {
    expect(
      acknowledgeNotice(endArrival(arrived(), "cancelled", minute(81)).arrival, JONES, minute(82)),
    ).to.equal(null);
  });

  it("does nothing from someone who was not told", () => {
    expect(acknowledgeNotice(arrived(), NURSE, minute(82))).to.equal(null);
  });

  it("counts for the recipient's own notice: a nurse who watches does not answer for the doctor", () => {
    const change = acknowledgeNotice(arrived({}, told(JONES, NURSE)), NURSE, minute(82));
    expect(change && progress(change.arrival)).to.deep.equal(["dr.jones waiting", "nurse acknowledged"]);
    expect(change && stateOf(change.arrival)).to.equal("waiting");
  });

  it("keeps the time of an earlier reply", () => {
    const replied = replyToNotice(arrived(), JONES, minute(81))?.arrival;
    const change = replied && acknowledgeNotice(replied, JONES, minute(82));
    expect(change?.arrival.notices[0]).to.deep.include({ repliedAt: minute(81), answeredAt: minute(82) });
  });

  it("from someone who was called in settles it for everyone who was, and the others see who it was", () => {
    const change = acknowledgeNotice(escalated(), RECEPTION, minute(90));
    expect(change && progress(change.arrival)).to.deep.equal([
      "dr.jones waiting",
      "nurse waiting",
      "dr.backup retracted answered",
      "reception acknowledged",
    ]);
    expect(change && spell(change.effects)).to.deep.equal([
      "take-down reception",
      "edit dr.jones",
      "edit nurse",
      "take-down dr.backup",
    ]);
    expect(change && stateOf(change.arrival)).to.equal("acknowledged");
  });

  it("from the doctor settles it for people who were called in, and the others see who it was", () => {
    const change = acknowledgeNotice(escalated(), JONES, minute(90));
    expect(change && progress(change.arrival)).to.deep.equal([
      "dr.jones acknowledged",
      "nurse waiting",
      "dr.backup retracted answered",
      "reception retracted answered",
    ]);
    expect(change && spell(change.effects)).to.deep.equal([
      "take-down dr.jones",
      "edit nurse",
      "take-down dr.backup",
      "take-down reception",
    ]);
  });

  it("from someone who only watches changes nothing for people who were called in", () => {
    const change = acknowledgeNotice(escalated(), NURSE, minute(90));
    expect(change && spell(change.effects)).to.deep.equal(["take-down nurse"]);
  });

  it("from someone who was called in keeps the doctor's notice, even if the doctor is in that group", () => {
    const arrival = escalated();
    const notices = arrival.notices.map((notice) =>
      notice.username === JONES ? { ...notice, toldAs: "reception" as const } : notice,
    );
    const change = acknowledgeNotice({ ...arrival, notices }, RECEPTION, minute(90));
    expect(change && progress(change.arrival)[0]).to.equal("dr.jones waiting");
  });
});

describe("a reply", () => {
  it("from the doctor settles it once for people who were called in", () => {
    const change = replyToNotice(escalated(), JONES, minute(90));
    expect(change && spell(change.effects)).to.deep.equal([
      "edit nurse",
      "take-down dr.backup",
      "take-down reception",
    ]);
    const after = change && acknowledgeNotice(change.arrival, JONES, minute(91));
    expect(after && spell(after.effects)).to.deep.equal(["take-down dr.jones"]);
  });

  it("is recorded, and the notice stays until it is acknowledged", () => {
    const change = replyToNotice(arrived(), JONES, minute(82));
    expect(change && progress(change.arrival)).to.deep.equal(["dr.jones replied"]);
    expect(change?.effects).to.deep.equal([]);
    expect(change?.arrival.notices[0]).to.deep.include({ shown: true, repliedAt: minute(82) });
  });

  for (const [what, arrival] of [
    ["a second one", replyToNotice(arrived(), JONES, minute(81))?.arrival],
    ["one after ✅", acknowledgeNotice(arrived(), JONES, minute(81))?.arrival],
    ["one to a notice that was taken back", endArrival(arrived(), "no_show", minute(81)).arrival],
  ] as const) {
    it(`changes nothing in the record: ${what}`, () => {
      expect(arrival && replyToNotice(arrival, JONES, minute(82))).to.equal(null);
    });
  }
});

describe("↩️", () => {
  it("opens one thread for each posting of a notice", () => {
    const opened = openThread(arrived(), JONES);
    expect(opened?.notices[0]?.threads).to.equal(1);
    expect(opened && openThread(opened, JONES)).to.equal(null);
  });

  it("opens none under a retracted notice", () => {
    expect(openThread(endArrival(arrived(), "cancelled", minute(81)).arrival, JONES)).to.equal(null);
  });
});
