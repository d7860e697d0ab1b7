import { expect } from "chai";
import fc from "fast-check";
import {
  asksForSms,
  patientsIn,
  unreadableIn,
  withoutDirectives,
} from "../../../../src/policy/directives/directive.ts";
import { literalSpans } from "../../../../src/policy/directives/literal.ts";
import { readDirectives } from "../../../../src/policy/directives/read-directives.ts";
import { expectLinear, repeated } from "../../../support/growth.ts";

const read = (text: string) => readDirectives(text, literalSpans(text));
const left = (text: string) => withoutDirectives(text, read(text));
const patients = (text: string) => patientsIn(read(text)).patients;

describe("directives in a message", () => {
  const SMS: readonly [string, string][] = [
    ["#sms", ""],
    ["Please call me #sms", "Please call me"],
    ["#sms Please call me", "Please call me"],
    ["Please #SmS call me", "Please call me"],
    ["Please call me #SMS.", "Please call me."],
    ["Please call me (#sms)", "Please call me ()"],
    ["#sms: please call", ": please call"],
    ["#sms\nPlease call", "Please call"],
    ["Please call\n#sms", "Please call"],
    ["one\n#sms\ntwo", "one\ntwo"],
    ["two  blanks #sms  stay", "two  blanks  stay"],
    ["👍#sms❤️", "👍❤️"],
    ["❤️#sms", "❤️"],
    ["1️⃣#sms", "1️⃣"],
    ["\u200fהתקשר #sms\u200f", "\u200fהתקשר\u200f"],
    ["اتصل #sms الآن", "اتصل الآن"],
    ["now,#sms,please", "now,,please"],
    ["#sms #sms twice", "twice"],
    ["in `code` #sms", "in `code`"],
    ["an odd ` #sms", "an odd `"],
  ];
  for (const [text, rest] of SMS)
    it(`${JSON.stringify(text)} asks for an SMS`, () => {
      expect(asksForSms(read(text))).to.equal(true);
      expect(left(text)).to.equal(rest);
    });

  const NOT_SMS = [
    "#smsx",
    "##sms",
    "a#sms",
    "é#sms",
    "e\u0301#sms",
    "#sms_",
    "#sms1",
    "#sms-team",
    "#sms:practice.example",
    "#sms's",
    "#smsé",
    "sms",
    "# sms",
    "\\#sms",
    "https://practice.example/#sms",
    "https://practice.example/page?x #smsx",
    "HTTPS://practice.example/(#sms)",
    "`#sms`",
    "``a ` #sms``",
    "```\n#sms\n```",
    "```\n#sms",
    "~~~ text\n#sms\n~~~",
    "> #sms",
    "Dr Jones wrote:\n> call me #sms",
    "#ſmſ",
  ];
  for (const text of NOT_SMS)
    it(`${JSON.stringify(text)} does not`, () => {
      expect(asksForSms(read(text))).to.equal(false);
      expect(left(text)).to.equal(text);
    });

  const PATIENTS: readonly [string, readonly (string | null)[], string][] = [
    ["#patient 12345", ["12345"], ""],
    ["See #patient 00123 today", ["00123"], "See today"],
    ["#patient:12345 is here", ["12345"], "is here"],
    ["#Patient: 12345.", ["12345"], "."],
    ["#patient #12345", ["12345"], ""],
    ["#patient P123 and #patient HT-9", ["P123", "HT-9"], "and"],
    ["#patient arrived 5 minutes ago", [null], "arrived 5 minutes ago"],
    ["#patient", [null], ""],
    ["#patient: please see", [null], ": please see"],
    ["#patient\n12345", [null], "12345"],
    ["#patient 1 #patient 1 #patient 01", ["1", "01"], ""],
    ["#patient 1, #patient 2 and #patient 3", ["1", "2", "3"], ", and"],
    ["#sms #patient 7 come", ["7"], "come"],
  ];
  for (const [text, ids, rest] of PATIENTS)
    it(`${JSON.stringify(text)} names ${JSON.stringify(ids)}`, () => {
      expect(patients(text)).to.deep.equal(ids);
      expect(left(text)).to.equal(rest);
    });

  for (const text of ["#patients 1", "#patient:practice.example", "#patientx", "##patient 1", "`#patient 1`"])
    it(`${JSON.stringify(text)} names nobody`, () => {
      expect(read(text)).to.deep.equal([]);
    });

  for (const [text, written] of [
    ["#patient 12,345", "12,345"],
    ["#patient 12.345", "12.345"],
    ["#patient 2nd visit", "2nd"],
    ["#patient:a1b2", "a1b2"],
    ["#patient 10:30", "10:30"],
    ["#patient ١٢٣", "١٢٣"],
    ["#patient 123456789012345678901", "123456789012345678901"],
  ] as const)
    it(`does not guess a patient from ${JSON.stringify(text)}`, () => {
      expect(patients(text)).to.deep.equal([]);
      expect(unreadableIn(read(text))).to.deep.equal([written]);
    });

  it("takes the first three different patients and says that there are more", () => {
    const directives = read("#patient 1 #patient 2 #patient 2 #patient 3 #patient 4");
    expect(patientsIn(directives)).to.deep.equal({ patients: ["1", "2", "3"], tooMany: true });
  });

  it("counts the patient who is open once, however it is written", () => {
    expect(patientsIn(read("#patient and #patient 5"), "5")).to.deep.equal({
      patients: ["5"],
      tooMany: false,
    });
  });
});

describe("directives in any text", () => {
  /** Text without `#`, backticks, quotations or blanks at its ends, so that nothing in it is a directive or hides one. */
  const words = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    .map((text) => text.replace(/[#`~>\\]/g, "").trim())
    .filter((text) => text !== "" && !/^[\p{M}\u200d]/u.test(text));

  it("finds each and leaves the rest as typed", () => {
    fc.assert(
      fc.property(
        fc.array(words, { minLength: 1, maxLength: 6 }),
        fc.constantFrom("#sms", "#SMS", "#patient 0012", "#patient:7"),
        (parts, directive) => {
          const text = parts.join(` ${directive} `);
          expect(readDirectives(text)).to.have.length(parts.length - 1);
          const joined = parts.reduce((all, next) => `${all} ${next}`);
          expect(withoutDirectives(text, readDirectives(text))).to.equal(joined);
        },
      ),
    );
  });

  it("never throws, keeps places in order, and takes away nothing else", () => {
    const typed = fc.array(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 5 }),
        fc.constantFrom("#sms", "#patient", "12", ":", " ", "\n", "`", "```", "> ", "#", "\\", "https://a/"),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(typed, (parts) => {
        const text = parts.join("");
        const directives = read(text);
        let at = 0;
        for (const { start, end } of directives) {
          expect(start).to.be.at.least(at);
          expect(end).to.be.greaterThan(start);
          at = end;
        }
        const blanks = /[\s]/gu;
        const outside = directives
          .reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text)
          .replace(blanks, "");
        expect(withoutDirectives(text, directives).replace(blanks, "")).to.equal(outside);
      }),
      { numRuns: 500 },
    );
  });

  for (const piece of [
    "#",
    "#sms ",
    "#patient ",
    "`",
    "`` ` ",
    "```\n",
    "> #sms\n",
    "#patient \t",
    "https://",
    "#patient 1,1",
    " ",
  ])
    it(`takes time in proportion to the text: ${JSON.stringify(piece)}`, () =>
      expectLinear(65_536, (size) => `#patient${repeated(piece, size)}`, left));
});
