import { expect } from "chai";
import { boardOf } from "../../../../src/arrivals/notices/board.ts";
import { lineOf, type NoticeView } from "../../../../src/arrivals/notices/notice.ts";
import { fieldForTerminal, forTerminal, shownName } from "../../../../src/base/shown-name.ts";
import type { Directory } from "../../../../src/policy/model.ts";
import * as words from "../../../../src/policy/words.ts";
import { arrived, minute, named } from "../support/builders.ts";

const zone = { timezone: "Australia/Sydney" };
const nobody: Directory = { users: new Map(), securityGroups: new Map(), customGroups: new Map() };
const view: NoticeView = {
  directory: nobody,
  zone,
  now: arrived().arrivedAt,
  show: "name",
  patientUrl: "https://w.test/open/patient/abc",
};
const HOSTILE = "Ali\u001b[31mce\u202e\r\n\u2028Jones\u0007\u200b";
/** Characters that a terminal obeys, that break a line, or that reverse text. */
const BAD = /[\p{Cc}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066\u2067]/u;

describe("names from outside", () => {
  it("stay on one line and reverse nothing in a notice, whichever name it is", () => {
    const arrival = arrived({
      patientName: HOSTILE,
      patientId: HOSTILE,
      location: HOSTILE,
      doctor: named(HOSTILE),
      changedBy: named(HOSTILE),
    });
    const { text, html } = lineOf(arrival, view, [shownName(HOSTILE)]);
    expect(text).not.to.match(BAD);
    expect(html).not.to.match(BAD);
    expect(text).to.contain("Jones has arrived · 10:30 appointment");
  });

  it("stay on one line of the board, and cannot control a terminal", () => {
    const arrival = arrived({ patientName: HOSTILE, location: HOSTILE, doctor: named(HOSTILE) });
    const board = boardOf([arrival], nobody, { zone, show: "name" }, minute(100));
    expect(board.split("\n")).to.have.lengthOf(2);
    expect(board.replaceAll("\n", "")).not.to.match(BAD);
  });

  it("are isolated in a sentence if they are written from right to left, and otherwise left alone", () => {
    expect(shownName("محمد علي")).to.equal("\u2068محمد علي\u2069");
    expect(shownName("דוד")).to.equal("\u2068דוד\u2069");
    expect(shownName("Dr Priya Nair · GP")).to.equal("Dr Priya Nair · GP");
    expect(shownName("王小明")).to.equal("王小明");
    expect(shownName("\u202e\u0007")).to.equal("?");
    expect(words.personLeft("محمد")).to.contain("\u2068محمد\u2069 no longer");
    expect(words.staysMember("An\nna", "through x")).to.match(/^An na is still/);
  });

  it("are escaped for a terminal", () => {
    expect(forTerminal("a\u001b[2Jb\u009bc\nd\u202e")).to.equal("a\\u{1b}[2Jb\\u{9b}c\nd\\u{202e}");
    expect(fieldForTerminal("key\nsecond line\r")).to.equal("key\\u{a}second line\\u{d}");
    expect(forTerminal("Seán O’Brien 王 🏥")).to.equal("Seán O’Brien 王 🏥");
  });
});

describe("two patients with the same initials, time and doctor", () => {
  it("are distinguished on the board by their ids", () => {
    const both = [
      arrived({ bookingId: "b1", patientId: "4711", patientName: "Alice Jones" }),
      arrived({ bookingId: "b2", patientId: "4712", patientName: "Anna Johnson" }),
      arrived({ bookingId: "b3", patientId: "4713", patientName: "Bob Ray" }),
    ];
    const lines = boardOf(both, nobody, { zone, show: "initials" }, minute(100)).split("\n");
    expect(lines[1]).to.match(/^A\.J\. \(Patient 4711\) /);
    expect(lines[3]).to.match(/^B\.R\. {2}/);
    expect(lines[2]).to.match(/^A\.J\. \(Patient 4712\) /);
  });

  it("are distinguished in notices", () => {
    const line = (patientId: string) => lineOf(arrived({ patientId }), { ...view, show: "initials" }).text;
    expect(line("4711")).to.contain("Patient 4711");
    expect(line("4712")).to.contain("Patient 4712");
  });
});
