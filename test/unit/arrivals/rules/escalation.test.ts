import { expect } from "chai";
import { acknowledgeNotice, replyToNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
import { endArrival } from "../../../../src/arrivals/rules/ending.ts";
import type { EscalationRule } from "../../../../src/arrivals/rules/escalation.ts";
import {
  nextStep,
  putOffUntil,
  ruleFor,
  stepsOf,
  takeEscalationStep,
} from "../../../../src/arrivals/rules/escalation.ts";
import {
  arrived,
  directoryOf,
  JONES,
  MIA,
  minute,
  NURSE,
  named,
  progress,
  securityGroup,
  spell,
  told,
  user,
} from "../support/builders.ts";

const BACKUP = named("dr.backup");

const directory = directoryOf(
  [
    user("dr.jones", { doctor: true }),
    user("dr.backup", { doctor: true }),
    user("mia"),
    user("nurse"),
    user("gone", { active: false }),
  ],
  [securityGroup("7", "Reception", [MIA, NURSE, named("gone")])],
);

const RULE: EscalationRule = { after: 5 * 60_000, backup: "DR.Backup", reception: "Reception" };

/** Takes this many steps. */
function run(arrival: Arrival, rule: EscalationRule, steps: number): Arrival {
  let now = arrival;
  for (let step = 1; step <= steps; step += 1) {
    const change = takeEscalationStep(now, rule, directory, minute(80 + 5 * step));
    if (change === null) throw new Error(`no step ${step}`);
    now = change.arrival;
  }
  return now;
}

describe("escalation", () => {
  it("reminds the doctor, then asks the backup, then reception, and finally says that no one answered", () => {
    expect(stepsOf(RULE)).to.deep.equal(["nudge", "backup", "reception", "nobody"]);
    expect(stepsOf({ after: 1 })).to.deep.equal(["nudge", "nobody"]);
  });

  it("is due each time the practice's interval has passed, and then stops", () => {
    const arrival = arrived();
    expect(nextStep(RULE, arrival, minute(80))).to.deep.equal({ step: 1, at: minute(85) });
    expect(nextStep(RULE, run(arrival, RULE, 1), minute(85))).to.deep.equal({ step: 2, at: minute(90) });
    expect(nextStep(RULE, run(arrival, RULE, 4), minute(100))).to.equal(null);
  });

  it("gives the whole time for an answer after each step, so that missed steps do not happen all at once", () => {
    const change = takeEscalationStep(arrived(), RULE, directory, minute(200));
    expect(change?.effects.at(-1)).to.deep.equal({ do: "start-clock", from: minute(200) });
  });

  it("postpones a step that is more than a minute late, for answers that are on their way", () => {
    const past = (seconds: number) => new Date(minute(85).getTime() + seconds * 1_000);
    expect(putOffUntil(minute(85), past(60))).to.equal(null);
    expect(putOffUntil(minute(85), past(61))).to.deep.equal(past(121));
  });

  it("first reminds the doctor, with a sound, and shows that on every notice", () => {
    const change = takeEscalationStep(arrived({}, told(JONES, NURSE)), RULE, directory, minute(85));
    expect(change && spell(change.effects)).to.deep.equal([
      "edit dr.jones",
      "nudge dr.jones",
      "edit nurse",
      "start-clock",
    ]);
    expect(change && stateOf(change.arrival)).to.equal("escalated");
  });

  it("gives the backup their own notice", () => {
    const change = takeEscalationStep(run(arrived(), RULE, 1), RULE, directory, minute(90));
    expect(change && spell(change.effects)).to.deep.equal(["edit dr.jones", "post dr.backup", "start-clock"]);
    expect(change?.arrival.escalations.at(-1)).to.deep.equal({
      kind: "backup",
      label: "DR.BACKUP",
      told: true,
      at: minute(90),
    });
    expect(change?.arrival.notices.at(-1)).to.deep.include({
      username: BACKUP,
      toldAs: "backup",
      shown: true,
    });
  });

  it("tells the members of a group who use Whisper, and reminds those who already have the notice", () => {
    const change = takeEscalationStep(
      run(arrived({}, told(JONES, NURSE)), RULE, 2),
      RULE,
      directory,
      minute(95),
    );
    expect(change && spell(change.effects)).to.deep.equal([
      "edit dr.jones",
      "edit nurse",
      "nudge nurse",
      "edit dr.backup",
      "post mia",
      "start-clock",
    ]);
    const roles = change?.arrival.notices.map(({ username, toldAs }) => `${username} ${toldAs}`);
    expect(roles).to.deep.equal([
      "dr.jones recipient",
      "nurse reception",
      "dr.backup backup",
      "mia reception",
    ]);
  });

  it("ends by telling whoever marked the arrival", () => {
    const change = takeEscalationStep(run(arrived(), RULE, 3), RULE, directory, minute(100));
    expect(change?.effects.at(-1)).to.deep.equal({ do: "report-nobody", to: MIA });
    expect(change && spell(change.effects)).not.to.include("start-clock");
    expect(change && takeEscalationStep(change.arrival, RULE, directory, minute(105))).to.equal(null);
  });

  const groups = [
    securityGroup("7", "Reception", [MIA]),
    securityGroup("8", "Reception", [NURSE]),
    securityGroup("empty", "Empty", []),
    securityGroup("left", "Left", [named("gone")]),
  ];
  const many = directoryOf(
    [user("dr.jones"), user("gone", { active: false, name: "gone" }), user("mia"), user("nurse")],
    groups,
  );
  for (const [who, backup] of [
    ["is misspelt", "Recpetion"],
    ["is inactive", "gone"],
    ["is an empty group", "Empty"],
    ["is a group of people who left", "Left"],
    ["has a name that two groups have", "Reception"],
  ] as const) {
    it(`records that no one was told, and takes the next step immediately, when the backup ${who}`, () => {
      const rule = { after: 60_000, backup, reception: "8" };
      const change = takeEscalationStep(run(arrived(), rule, 1), rule, many, minute(90));
      expect(
        change?.arrival.escalations.map(({ kind, label, told: some }) => [kind, label, some]),
      ).to.deep.equal([
        ["nudge", null, true],
        ["backup", backup, false],
        ["reception", "Reception", true],
      ]);
      expect(change && spell(change.effects)).to.deep.equal(["edit dr.jones", "post nurse", "start-clock"]);
    });
  }

  it("does not call those told who had acknowledged it before, and takes the next step at once", () => {
    const rule = { after: 60_000, backup: "nurse", reception: "7" };
    const watched = acknowledgeNotice(arrived({}, told(JONES, NURSE)), NURSE, minute(81))?.arrival;
    const change = watched && takeEscalationStep(run(watched, rule, 1), rule, many, minute(90));
    expect(change && spell(change.effects)).to.deep.equal(["edit dr.jones", "post mia", "start-clock"]);
    expect(change?.arrival.escalations.slice(1).map(({ told: some }) => some)).to.deep.equal([false, true]);
    expect(change && progress(change.arrival)).to.include("nurse acknowledged");
  });

  it("tells whoever marked the arrival immediately if no one in between can be told", () => {
    const rule = { after: 60_000, backup: "gone", reception: "Empty" };
    const arrival = arrived({}, [{ username: JONES, deliver: false, reason: "no-access" }]);
    const change = takeEscalationStep(arrival, rule, many, minute(90));
    expect(change && spell(change.effects)).to.deep.equal(["report-nobody"]);
    expect(change?.arrival.escalations.map(({ kind }) => kind)).to.deep.equal([
      "nudge",
      "backup",
      "reception",
      "nobody",
    ]);
  });

  it("goes straight to the backup if the doctor cannot be told at all", () => {
    const arrival = arrived({}, [{ username: JONES, deliver: false, reason: "no-access" } as never]);
    expect(progress(run(arrival, RULE, 1))).to.deep.equal([
      "dr.jones undeliverable no-access",
      "dr.backup waiting",
    ]);
  });

  for (const [what, arrival] of [
    ["acknowledged", acknowledgeNotice(arrived(), JONES, minute(81))?.arrival],
    ["replied to", replyToNotice(arrived(), JONES, minute(81))?.arrival],
    ["over", endArrival(arrived(), "in_session", minute(81)).arrival],
  ] as const) {
    it(`stops when it is ${what}`, () => {
      expect(arrival && takeEscalationStep(arrival, RULE, directory, minute(85))).to.equal(null);
    });
  }

  it("continues with the new location's rule from the steps not yet taken", () => {
    const asked = run(arrived(), RULE, 1);
    const next = (rule: EscalationRule) =>
      takeEscalationStep(asked, rule, directory, minute(90))?.arrival.escalations.map(({ kind }) => kind);
    expect(next({ after: 1, reception: "Reception" })).to.deep.equal(["nudge", "reception"]);
    expect(next({ after: 1 })).to.deep.equal(["nudge", "nobody"]);
    const called = run(arrived(), { after: 1, reception: "Reception" }, 2);
    const kinds = takeEscalationStep(called, RULE, directory, minute(95))?.arrival.escalations.map(
      ({ kind }) => kind,
    );
    expect(kinds).to.deep.equal(["nudge", "reception", "backup"]);
  });

  it("is over once it was reported that no one answered, wherever the patient is moved later", () => {
    const over = run(arrived(), { after: 1 }, 2);
    expect(takeEscalationStep(over, RULE, directory, minute(95))).to.equal(null);
    expect(nextStep(RULE, over, minute(90))).to.equal(null);
  });

  it("does not stop because someone who only watches has acknowledged", () => {
    const watched = acknowledgeNotice(arrived({}, told(JONES, NURSE)), NURSE, minute(81))?.arrival;
    expect(watched && takeEscalationStep(watched, RULE, directory, minute(85))).not.to.equal(null);
  });

  it("does not count a watcher's reply from before they were called in", () => {
    const watched = replyToNotice(arrived({}, told(JONES, NURSE)), NURSE, minute(81))?.arrival;
    const called = watched && run(watched, RULE, 3);
    expect(called && progress(called)).to.include.members(["nurse waiting", "dr.backup waiting"]);
    expect(called && stateOf(called)).to.equal("escalated");
    const answered = called && replyToNotice(called, NURSE, minute(96))?.arrival;
    expect(answered && takeEscalationStep(answered, RULE, directory, minute(100))).to.equal(null);
  });

  it("uses the location's own rule, or the default", () => {
    const north: EscalationRule = { location: "north ", after: 1 };
    const rules = [RULE, north];
    expect(ruleFor(rules, arrived({ location: "North" }))).to.equal(north);
    expect(ruleFor(rules, arrived({ location: "South" }))).to.equal(RULE);
    expect(ruleFor([north], arrived({ location: null }))).to.equal(null);
    expect(ruleFor([], arrived())).to.equal(null);
  });
});
