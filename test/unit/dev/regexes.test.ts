import { expect } from "chai";
import { judge } from "../../../dev/lint/linear.ts";
import { regexesIn } from "../../../dev/lint/regexes.ts";

/** The verdicts on a source file, `ok` for each expression that may stay. */
const said = (text: string): string[] =>
  regexesIn("a.ts", text).map((each) => ("unknown" in each ? each.unknown : (judge(each) ?? "ok")));

describe("the lint of regular expressions", () => {
  for (const [what, text] of [
    ["the quotation that stopped everybody", "body.replace(/^(?:> ?.*\\n)+\\n/, '')"],
    ["blanks before an end", String.raw`const fold = (name) => name.replace(/\s+\((custom )?group\)$/i, "")`],
    ["one made of text", 'const x = new RegExp("(a+)+$")'],
    ["one made of a template and a constant", "const A = '(?:a|a)*'; const x = RegExp('^' + A + `b`, 'i');"],
    ["one in a comment's company, in a class", "class A { /* /x/ */ #b = /(.*)*=/; }"],
  ] as const) {
    it(`refuses an expression that is not linear, and says for which text: ${what}`, () => {
      const [problem, ...others] = said(text);
      expect(others).to.deep.equal([]);
      expect(problem).to.match(
        /^its work is not linear \((exponential|2nd degree polynomial).*\), for example for /,
      );
    });
  }

  for (const [what, text] of [
    ["foreign text", `const find = (name) => new RegExp(\`^\${name}$\`);`],
    ["text that is escaped in part", "const find = (a, b) => new RegExp(RegExp.escape(a) + b);"],
    ["a variable", "let a = 'x'; const y = new RegExp(a);"],
    ["a name that stands for two things", "const a = 'x'; const f = (a) => new RegExp(a);"],
    ["what an object holds", "for (const each of table) new RegExp(each.pattern);"],
    ["flags", "const f = (flags) => new RegExp('x', flags);"],
    ["text as an expression", "const f = (text, name) => text.match(name);"],
    ["text as an expression, written", "text.search('(a+)+$');"],
  ] as const) {
    it(`refuses an expression that cannot be judged: ${what}`, () => {
      const problems = said(text);
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]).to.match(/^(it is built from text|its argument may be text)/);
    });
  }

  it("refuses an expression that recheck does not understand", () => {
    expect(said("const x = /[a--b]/v;")[0]).to.match(/^it cannot be judged/);
  });

  it("accepts linear expressions, and those made of escaped text", () => {
    expect(
      said(`
        const LETTERS = "[a-z]+";
        const one = /^[a-z]+$/, two = new RegExp(\`^\${LETTERS}$\`, "u"), three = RegExp("^" + RegExp.escape(name) + "$");
        const four = new RegExp(/^x/);
        text.match(one); text.matchAll(/b/g); text.search(two);
        const notOne = "/(a+)+$/"; // /(a+)+$/
      `),
    ).to.deep.equal(["ok", "ok", "ok", "ok", "ok"]);
  });

  it("says where an expression is", () => {
    expect(regexesIn("src/a.ts", "\n\n  const x = /a/g;")).to.deep.equal([
      { at: "src/a.ts:3", source: "a", flags: "g" },
    ]);
  });
});
