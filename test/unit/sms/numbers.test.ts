import { expect } from "chai";
import { readMobile } from "../../../src/sms/numbers.ts";

describe("a mobile number as HealthTrack has it", () => {
  for (const text of [
    "0412 345 678",
    "+61 (0)412 345 678",
    "04-1234-5678",
    "04 1234 5678 (wife)",
    "+0412345678",
    "+61412345678",
    "61412345678",
    "0061 412 345 678",
    "+0061412345678",
    "0011 61 412 345 678",
    "0412.345.678",
    "\u202a0412 345 678\u202c",
    " 0412\u00a0345\u00a0678 ",
    "tel:0412345678",
    "(04) 1234 5678",
  ])
    it(`${JSON.stringify(text)} is read`, () =>
      expect(readMobile(text, "AU")).to.deep.equal({ is: "mobile", e164: "+61412345678" }));

  for (const [text, e164] of [
    ["+64 21 123 4567", "+64211234567"],
    ["+44 7911 123456", "+447911123456"],
    ["0512 345 678", "+61512345678"],
    ["0499 999 999", "+61499999999"],
  ] as const)
    it(`${text} is read`, () => expect(readMobile(text, "AU")).to.deep.equal({ is: "mobile", e164 }));

  for (const text of ["02 9999 1234", "1300 123 456", "1800 123 456", "9999 1234"])
    it(`${text} is no mobile number`, () => expect(readMobile(text, "AU").is).not.to.equal("mobile"));

  for (const text of [
    "0412 345 678 9",
    "0412 345 67",
    "0412 345 678 / 0413 345 678",
    "ask reception",
    "0412l345678",
    "0412 345 678 x12",
    "0".repeat(200),
    "+",
  ])
    it(`${text.slice(0, 40)} cannot be read`, () =>
      expect(readMobile(text, "AU")).to.deep.equal({ is: "unreadable" }));

  for (const text of [null, "", "  "])
    it(`${JSON.stringify(text)} is none`, () => expect(readMobile(text, "AU")).to.deep.equal({ is: "none" }));
});
