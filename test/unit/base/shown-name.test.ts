import { globSync, readFileSync } from "node:fs";
import { expect } from "chai";
import * as fc from "fast-check";
import ts from "typescript";
import * as arrivals from "../../../src/arrivals/notices/words.ts";
import { sentence, title } from "../../../src/base/shown-name.ts";
import * as messages from "../../../src/messages/words.ts";
import * as rules from "../../../src/policy/words.ts";

const DAVID = "\u05d3\u05d5\u05d3";
const LAYLA = "\u0644\u064a\u0644\u0649";
const isolated = (name: string) => `\u2068${name}\u2069`;

describe("a sentence with a name in it", () => {
  it("isolates names written from right to left, and leaves others alone", () => {
    expect(rules.groupInItself("Night shift")).to.equal(
      "Night shift already contains this group, so it cannot be added to it.",
    );
    expect(rules.groupInItself(DAVID)).to.match(/^\u2068\u05d3\u05d5\u05d3\u2069 already/);
    expect(rules.groupTopic(`${DAVID} 3`)).to.contain(`in ${isolated(`${DAVID} 3`)}. Members`);
    expect(rules.throughGroup(DAVID)).to.equal(`through ${isolated(DAVID)}`);
    expect(rules.insideGroup(LAYLA)).to.equal(`in ${isolated(LAYLA)}`);
    expect(messages.renamed(DAVID, "Late")).to.equal(`Done: ${isolated(DAVID)} is now called Late.`);
    expect(arrivals.forDoctor(LAYLA)).to.equal(`for ${isolated(LAYLA)}`);
  });

  it("isolates each name in a list once", () => {
    expect(messages.worksAt([DAVID, "Main St", LAYLA])).to.equal(
      `At ${isolated(DAVID)}, Main St, ${isolated(LAYLA)}`,
    );
    expect(
      messages.youStay("Team", rules.listOfNames([rules.throughGroup(DAVID), rules.insideGroup(LAYLA)])),
    ).to.contain(`Team through ${isolated(DAVID)} and in ${isolated(LAYLA)}, so`);
  });

  it("isolates anything that someone typed", () => {
    expect(messages.unknownName(DAVID, LAYLA)).to.equal(
      `I can't find a person or group called "${isolated(DAVID)}". Did you mean ${isolated(LAYLA)}?`,
    );
    expect(messages.unknownGroup("Al\u202eerts\u001b[31m\u2068", undefined)).to.equal(
      'I can\'t find a group called "Alerts [31m".',
    );
  });

  it("calls a group as people search for it", () => {
    expect(rules.groupHandleName(DAVID)).to.equal(`${DAVID} (group)`);
    expect(title`${["a", DAVID]} and ${"b"}`).to.equal(`a, ${DAVID} and b`);
  });

  it("never lets inserted text reverse the rest", () => {
    const unit = fc.constantFrom(
      "A",
      "1",
      " ",
      "(",
      DAVID,
      LAYLA,
      "\u202e",
      "\u2068",
      "\u2069",
      "\u200f",
      "\u0007",
      "\u0663",
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), fc.string({ unit, maxLength: 12 }), (one, other) => {
        const said = sentence`${one} is in ${sentence`the ${other} group`}, 3 times`;
        const around = said.replace(/\u2068[^\u2068\u2069]*\u2069/gu, "");
        expect(around)
          .to.not.match(/[\p{Bidi_Control}\p{Script=Hebrew}\p{Script=Arabic}\u0663]/u)
          .and.to.not.contain("\u0007");
        expect(around).to.match(/ is in .*, 3 times$/);
      }),
    );
  });

  it("is used in every file of sentences", () => {
    const files = globSync("src/**/words.ts");
    expect(files).to.have.length.above(2);
    const untagged = files.flatMap((file) => {
      const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        const tag = ts.isTaggedTemplateExpression(node.parent ?? source)
          ? node.parent.getText().split("`")[0]
          : "";
        if (ts.isTemplateExpression(node) && tag !== "sentence" && tag !== "title")
          found.push(`${file}: ${node.getText()}`);
        if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken)
          for (const side of [node.left, node.right])
            if (!ts.isStringLiteralLike(side)) found.push(`${file}: ${node.getText()}`);
        ts.forEachChild(node, visit);
      };
      visit(source);
      return found;
    });
    expect(untagged).to.deep.equal([]);
  });
});
