import { expect } from "chai";
import { isEmail } from "../../../../src/directory/input/email.ts";

describe("an email address", () => {
  for (const address of [
    "anna@practice.example",
    "smith&jones@clinic.com.au",
    "o'brien+x@clinic.com.au",
    "a!#$%*-/=?^_`{|}~b@x.org",
    "anna.jones@a-b.photography",
    "anna@münchen.example",
    "δοκιμή@παράδειγμα.ελ",
    "1@2.com",
    "anna@xn--mnchen-3ya.example",
  ])
    it(`is ${address}`, () => expect(isEmail(address)).to.equal(true));

  for (const text of [
    "n/a",
    "anna",
    "anna@",
    "@x.org",
    "anna@localhost",
    "anna@x..org",
    "anna@.org",
    "anna@-x.org",
    "anna@10.0.0.1",
    "anna..b@x.org",
    ".anna@x.org",
    "anna@x.org, ben@x.org",
    "Anna <anna@x.org>",
    "anna@x.org\r\nBcc: all@x.org",
    "anna\n@x.org",
    "an na@x.org",
    "anna@b@x.org",
    `${"a".repeat(65)}@x.org`,
    `anna@${"x".repeat(64)}.org`,
    `anna@${"x.".repeat(130)}org`,
  ])
    it(`is not ${JSON.stringify(text.slice(0, 40))}`, () => expect(isEmail(text)).to.equal(false));
});
