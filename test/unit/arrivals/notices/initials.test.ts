import { expect } from "chai";
import fc from "fast-check";
import { patientShown } from "../../../../src/arrivals/notices/patient.ts";

const shown = (patientName: string): string =>
  patientShown({ patientId: "p1", patientName }, "initials").replace(/[\u2068\u2069]/gu, "");

describe("a patient's initials", () => {
  for (const [name, initials] of [
    // As practices write them.
    ["Mr John Smith", "J.S."],
    ["SMITH, Jane (Janey), Mrs", "J.S."],
    ["Alice JONES (DO NOT LEAVE ALONE)", "A.J."],
    ["Alice Jones - HIV clinic", "A.J."],
    // Titles and suffixes.
    ["Dr. Priya Nair", "P.N."],
    ["Prof John Smith", "J.S."],
    ["A/Prof John Smith", "J.S."],
    ["Master Tom Lee", "T.L."],
    ["MRS JANE SMITH", "J.S."],
    ["Baby of Jane Smith", "J.S."],
    ["SMITH, Baby", "S."],
    ["John Smith Jnr", "J.S."],
    ["John Smith III", "J.S."],
    ["SMITH, Mrs Jane", "J.S."],
    ["Smith, Jr., John", "J.S."],
    // Compound names.
    ["Mary-Jane Smith", "M.S."],
    ["Sean O'Brien", "S.O."],
    ["Sean O’Brien", "S.O."],
    ["Anna van der Berg", "A.B."],
    ["van der Berg, Anna", "A.B."],
    ["Anna Van Der Berg", "A.B."],
    ["SMITH JONES, Anna", "A.S."],
    ["Alice Mary Jones", "A.M.J."],
    ["Jones, Alice Mary", "A.M.J."],
    ["SMITH,JOHN", "J.S."],
    ["JOHN SMITH", "J.S."],
    ["alice jones", "A.J."],
    ["Madonna", "M."],
    // Letters that show nothing.
    ["\u3164", "Patient p1"],
    ["\u3164Alice \uffa0 Jones", "A.J."],
    ["Anh Le", "A.L."],
    ["Li Ng", "L.N."],
    ["Jose\u0301 A\u0301lvarez", "J.Á."],
    // Other scripts.
    ["王小明", "王."],
    ["王小明 艾滋病", "王."],
    ["김 민준", "김."],
    ["محمد علي", "م.ع."],
    ["สมชาย ใจดี", "ส.จ."],
    ["Иван Петров", "И.П."],
    // Remarks.
    ["Alice Jones [VIP]", "A.J."],
    ["Alice Jones {deceased}", "A.J."],
    ["Alice Jones <violent>", "A.J."],
    ["Alice Jones （过敏）", "A.J."],
    ["Alice Jones (see notes", "A.J."],
    ["(HIV) Alice Jones", "A.J."],
    ["Alice (do (not) ring) Jones", "A.J."],
    ['Alice "Ali" Jones', "A.J."],
    ["Alice 'Ali' Jones", "A.J."],
    ["Alice „Ali“ Jones", "A.J."],
    ["Alice “do not ring” Jones", "A.J."],
    ["Alice Jones (VIP) Methadone", "A.J."],
    ["Mr John (Jack) Smith", "J.S."],
    ["SMITH (Smythe), Jane", "J.S."],
    ["Alice Jones/HIV positive", "A.J."],
    ["Alice Jones *ALLERGY*", "A.J."],
    ["*ALLERGY* Alice Jones", "A.J."],
    ["Alice Jones aka Smith", "A.J."],
    ["Alice Jones a.k.a. Betty", "A.J."],
    ["Alice Jones née Brown", "A.J."],
    ["Alice Jones 12/03/1980", "A.J."],
    ["Alice Jones DOB 1980", "A.J."],
    ["Alice Jones – HIV", "A.J."],
    ["Alice Jones—Methadone Clinic", "A.J."],
    ["Alice Jones- HIV", "A.J."],
    ["Alice Jones -HIV", "A.J."],
    ["Smith, John; DECEASED", "J.S."],
    ["Smith, John, DECEASED", "J.S."],
    ["Smith, John - do not ring", "J.S."],
    ["Alice Jones, HIV positive", "A.J."],
    ["Alice Jones, wheelchair", "A.J."],
    ["Smith, deceased", "S."],
    ["Smith, DECEASED", "S."],
    ["SMITH, DECEASED", "S."],
    ["Smith, HIV", "S."],
    ["Alice Jones HIV", "A.J."],
    ["Alice Jones SUICIDAL", "A.J."],
    ["Alice Jones needs a wheelchair", "A.J."],
    ["Alice Jones Do Not Leave Alone", "A.J."],
    ["ALICE JONES DO NOT LEAVE ALONE", "A.J."],
    ["ALICE JONES MRSA", "A.J."],
    ["Alice Jones Methadone Patient Downstairs", "A.J."],
    ["Alice Jones. Hears badly", "A.J."],
    ["Alice Jones!", "A.J."],
    ["Alice Jones 🚩 violent", "A.J."],
    ["Alice Jones\nHIV", "A.J."],
    ["Alice Jones\u2028HIV", "A.J."],
    ["Alice\u00a0Jones", "A.J."],
    ["Alice\u202e Jones", "A.J."],
    ["Alice & Bob Jones", "A."],
    // If nothing is certain, the id.
    ["HIV - Alice Jones", "Patient p1"],
    ["VIP: Alice Jones", "Patient p1"],
    ["Note: Alice Jones", "Patient p1"],
    ["DECEASED Alice Jones", "Patient p1"],
    ["Test Patient", "Patient p1"],
    ["🌸 Alice Jones", "Patient p1"],
    ["4711 Alice Jones", "Patient p1"],
    ["Mrs", "Patient p1"],
    ["(Alice)", "Patient p1"],
    ["...", "Patient p1"],
    [",", "Patient p1"],
  ] as const) {
    it(`of ${JSON.stringify(name)} are ${initials}`, () => {
      expect(shown(name)).to.equal(initials);
    });
  }

  it("never contain a letter from brackets or after a mark", () => {
    const remark = fc.string({ unit: fc.constantFrom(..."XQZ xqz.,'\"-()"), maxLength: 20 });
    const around = fc.constantFrom(
      ["(", ")"],
      ["[", "]"],
      [" - ", ""],
      ["/", ""],
      ["; ", ""],
      [" *", "*"],
      ["\n", ""],
    );
    fc.assert(
      fc.property(remark, around, (text, [open, close]) => {
        expect(shown(`Alice Jones${open}${text}`)).to.match(/^A\.J\.$/);
        expect(shown(`Alice Jones${open}${text.replace(/[()[\]*]/g, "")}${close}`)).to.match(/^A\.J\.$/);
      }),
    );
  });

  it("work for a name as long as the API accepts, even one with many emoji", () => {
    expect(shown(`Alice Jones ${"😀".repeat(243)}`)).to.equal("A.J.");
  });

  it("are at most three letters of any text, in linear time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 255 }), (name) => {
        const initials = shown(name);
        if (initials !== "Patient p1") expect(initials).to.match(/^(?:\p{L}\.){1,3}$/u);
      }),
      { numRuns: 2_000 },
    );
  });
});
