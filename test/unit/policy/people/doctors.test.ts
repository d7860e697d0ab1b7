import { expect } from "chai";
import { doctorOf } from "../../../../src/policy/people/doctors.ts";
import { practice, u, user } from "../support/practice.ts";

describe("a booking's doctor", () => {
  const people = practice([
    user("dr.nair", { doctorIds: ["MO-12", "2345678A"] }),
    user("dr.okafor", { doctorIds: ["MO-13", "dr.nair", "both"] }),
    user("dr.zhang", { doctorIds: ["both", "BOTH"] }),
    user("dr.gone", { doctorIds: ["MO-13", "MO-99"], active: false }),
    user("dr.other", { doctorIds: ["MO-99b"], active: false }),
  ]);
  const cases: [string, string, string][] = [
    ["by the user name", "dr.nair", "dr.nair"],
    ["by the user name in capitals, before any id", "DR.NAIR", "dr.nair"],
    ["by another id", "MO-12", "dr.nair"],
    ["by another id in another spelling", "2345678a", "dr.nair"],
    ["as nobody, by an id that two claim", "both", "both"],
    ["as whoever has the id now, not who left", "mo-13", "dr.okafor"],
    ["as who left, by an id that nobody has now", "MO-99", "dr.gone"],
    ["as it is, when it is nobody", "MO-1", "MO-1"],
  ];
  for (const [title, sent, found] of cases) {
    it(`is found ${title}`, () => expect(doctorOf(people, u(sent))).to.equal(found));
  }
});
