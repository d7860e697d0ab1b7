import { expect } from "chai";
import { acknowledgeNotice } from "../../../../src/arrivals/rules/answers.ts";
import { type Arrival, stateOf } from "../../../../src/arrivals/rules/arrival.ts";
import { endArrival } from "../../../../src/arrivals/rules/lifecycle.ts";
import { retell } from "../../../../src/arrivals/rules/retelling.ts";
import {
  arrived,
  directoryOf,
  JONES,
  minute,
  NURSE,
  progress,
  spell,
  told,
  user,
} from "../support/builders.ts";

const nobodyTold = (): Arrival => arrived({}, [{ username: JONES, deliver: false, reason: "no-account" }]);

describe("telling whoever could not be told", () => {
  const directory = directoryOf([user(JONES, { doctor: true }), user("mia"), user(NURSE)]);

  it("posts the notice, tells whoever marked it, and gives the doctor the whole time for an answer", () => {
    const { arrival, effects } = retell(nobodyTold(), directory, minute(90));
    expect(progress(arrival)).to.deep.equal(["dr.jones waiting"]);
    expect(spell(effects)).to.deep.equal(["post dr.jones", "report-told dr.jones", "start-clock"]);
    expect(stateOf(arrival)).to.equal("waiting");
  });

  it("does nothing for those who still cannot be told", () => {
    const still = directoryOf([user(JONES, { doctor: true, active: false }), user("mia")]);
    expect(retell(nobodyTold(), still, minute(90)).effects).to.deep.equal([]);
  });

  it("does nothing once somebody has answered, or the patient is seen", () => {
    const arrival = arrived({}, [{ username: JONES, deliver: false, reason: "no-account" }, ...told(NURSE)]);
    const answered = acknowledgeNotice(arrival, NURSE, minute(85));
    expect(retell(answered?.arrival ?? arrival, directory, minute(90)).effects).to.deep.equal([]);
    const seen = endArrival(arrival, "in_session", minute(85)).arrival;
    expect(retell(seen, directory, minute(90)).effects).to.deep.equal([]);
  });
});
