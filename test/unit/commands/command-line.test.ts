import { expect } from "chai";
import fc from "fast-check";
import { argumentsOf, type CommandParameter, usageOf } from "../../../src/commands/command.ts";
import { commandText } from "../../../src/commands/text.ts";
import { tokensOf, typed } from "../../../src/commands/tokens.ts";
import type { UserId } from "../../../src/policy/model.ts";

const word = (text: string) => ({ is: "word", text });
const quoted = (text: string) => ({ is: "quoted", text });
const comma = { is: "comma", text: "," };
const nobody = () => [];

describe("a command line", () => {
  const lines: Array<[string, unknown[]]> = [
    [
      'new dr.jones, %doctors "Theatre list"',
      [word("new"), word("dr.jones"), comma, { is: "group", text: "doctors" }, quoted("Theatre list")],
    ],
    [
      "add @ht_anna:practice.test to x",
      [word("add"), { is: "account", id: "@ht_anna:practice.test" }, word("to"), word("x")],
    ],
    [
      'rename %"Night shift" to “Late shift”',
      [word("rename"), { is: "group", text: "Night shift" }, word("to"), quoted("Late shift")],
    ],
    [
      "anna and ben & cara",
      [word("anna"), { is: "comma", text: "and" }, word("ben"), { is: "comma", text: "&" }, word("cara")],
    ],
    ['an "open end', [word("an"), quoted("open end")]],
    ["@anna o'brien", [word("@anna"), word("o'brien")]],
    ["  ", []],
    [
      "rename „Night shift“ to «Late shift»",
      [word("rename"), quoted("Night shift"), word("to"), quoted("Late shift")],
    ],
    ["x „Night shift” »Late shift«", [word("x"), quoted("Night shift"), quoted("Late shift")]],
    ["x ‘Night shift’, ‚Late shift‘", [word("x"), quoted("Night shift"), comma, quoted("Late shift")]],
    ["x ‹Night› 'Late shift'", [word("x"), quoted("Night"), quoted("Late shift")]],
    ["x ‘O’Brien’s team’", [word("x"), quoted("O’Brien’s team")]],
    ["who O’Brien", [word("who"), word("O’Brien")]],
    ["who Gerard ’t Hooft", [word("who"), word("Gerard"), word("’t"), word("Hooft")]],
    ["the nurses' room", [word("the"), word("nurses'"), word("room")]],
    ["don't 'tis", [word("don't"), word("'tis")]],
    [
      "x %„Night shift“ %‘a b’ % %",
      [word("x"), { is: "group", text: "Night shift" }, { is: "group", text: "a b" }, word("%"), word("%")],
    ],
    [
      'add "@ht_anna:practice.test" “ @ht_ben:practice.test ”',
      [
        word("add"),
        { is: "account", id: "@ht_anna:practice.test" },
        { is: "account", id: "@ht_ben:practice.test" },
      ],
    ],
    ["who @ht_anna:practice.test?", [word("who"), { is: "account", id: "@ht_anna:practice.test" }]],
    ["who\u00a0Anna\u2003Jones", [word("who"), word("Anna"), word("Jones")]],
    ['rename x to ""', [word("rename"), word("x"), word("to"), quoted("")]],
  ];
  for (const [line, tokens] of lines) {
    it(`reads ${JSON.stringify(line)}`, () => expect(tokensOf(line)).to.deep.equal(tokens));
  }

  it("reads any text without failing, and quoted text as one token", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (any, name) => {
        tokensOf(any);
        // A mention inside quotation marks is still a mention.
        const clean = name.replace(/["“”@]/g, "");
        expect(tokensOf(`x "${clean}"`).at(-1)).to.deep.equal(quoted(clean.trim()));
      }),
    );
  });

  it("returns a name as it was typed, with its commas and ands", () => {
    expect(typed(tokensOf("Doctors, Anna Jones and Ben"))).to.equal("Doctors, Anna Jones and Ben");
  });
});

describe("the parameters of a command", () => {
  const add: CommandParameter[] = [{ name: "who" }, { keyword: "to" }, { name: "group" }];
  const why: CommandParameter[] = [
    { name: "who", optional: true },
    { keyword: "in", optional: true },
    { name: "group" },
  ];
  const open: CommandParameter[] = [{ name: "title", takes: "quoted", optional: true }, { name: "who" }];
  const shown = (parameters: CommandParameter[], line: string) => {
    const given = argumentsOf(parameters, tokensOf(line));
    return given && Object.fromEntries(Object.entries(given).map(([name, tokens]) => [name, typed(tokens)]));
  };

  it("are separated by keywords, in any letter case", () => {
    expect(shown(add, "anna, ben TO Night shift")).to.deep.equal({ who: "anna, ben", group: "Night shift" });
    expect(shown(add, "anna ben")).to.equal(null);
    expect(shown(add, "to x")).to.equal(null);
    expect(shown(add, "anna to")).to.equal(null);
  });
  it("may be left out if they are optional", () => {
    expect(shown(why, "Night shift")).to.deep.equal({ group: "Night shift" });
    expect(shown(why, "anna in Night shift")).to.deep.equal({ who: "anna", group: "Night shift" });
    expect(shown(open, 'anna "Title" ben')).to.deep.equal({ title: "Title", who: "anna ben" });
    expect(shown(open, "anna")).to.deep.equal({ who: "anna" });
    expect(shown(open, '"Title"')).to.equal(null);
  });
  it("are shown as they are written", () => {
    expect(usageOf({ name: "why", parameters: why })).to.equal("why [<who>] [in] <group>");
  });
});

describe("the text of a command", () => {
  it("contains the account in place of a mention", () => {
    const content = {
      msgtype: "m.text",
      body: "add Dr Anna Jones to Night shift",
      format: "org.matrix.custom.html",
      formatted_body:
        'add <a href="https://matrix.to/#/%40ht_anna%3Apractice.test">Dr Anna Jones</a>, <a href="https://matrix.to/#/@ht_grp_Nurses:practice.test?via=x">Nurses (group)</a> to &quot;Night &amp; day&quot;',
    };
    expect(commandText(content, nobody)).to.equal(
      'add @ht_anna:practice.test , @ht_grp_Nurses:practice.test to "Night & day"',
    );
  });
  it("finds mentions that appear only as names in the text", () => {
    const content = {
      msgtype: "m.text",
      body: "who Anna Jones",
      "m.mentions": { user_ids: ["@ht_anna:practice.test" as UserId] },
    };
    expect(commandText(content, () => ["Anna", "Anna Jones"])).to.equal("who  @ht_anna:practice.test");
  });
  it("contains a mentioned account once, even if other names overlap with it", () => {
    const ids = ["@ht_anna:practice.test", "@ht_ann:practice.test"] as UserId[];
    const content = {
      msgtype: "m.text",
      body: "new anna, ann",
      "m.mentions": { user_ids: [...ids, ...ids, 7] },
    };
    expect(commandText(content, (id) => [id === ids[0] ? "anna" : "ann"])).to.equal(
      "new  @ht_anna:practice.test ,  @ht_ann:practice.test",
    );
  });
  it("contains the account in place of an unclosed mention, and nothing from a reply fallback", () => {
    const mention = "<a href='https://matrix.to/#/@ht_anna:practice.test'>";
    const text = (html: string) =>
      commandText({ msgtype: "m.text", body: "x", formatted_body: html }, nobody);
    expect(text(`<mx-reply>${mention}Whisper</a> said</mx-reply>who ${mention}Anna`)).to.equal(
      "who @ht_anna:practice.test",
    );
    expect(text(`who ${mention}Anna ${mention}Anna</a> now`)).to.equal(
      "who @ht_anna:practice.test @ht_anna:practice.test now",
    );
    expect(text(`<mx-reply>${mention}Anna</a></mx-reply>help`)).to.equal("x");
    expect(text('who <a href="https://matrix.to/#/!room:practice.test">Room</a>')).to.equal("x");
  });
  it("leaves out the quoted message", () => {
    const content = {
      msgtype: "m.text",
      body: "> <@whisper:practice.test> This is\n> what you can do\n\nhelp",
    };
    expect(commandText(content, nobody)).to.equal("help");
  });
  it("is the plain text if the HTML mentions no one, and empty if there is no text", () => {
    expect(
      commandText({ msgtype: "m.text", body: "help *me*", formatted_body: "help <em>me</em>" }, nobody),
    ).to.equal("help *me*");
    expect(commandText({ msgtype: "m.image", body: "help.png" }, nobody)).to.equal(null);
    expect(commandText({ msgtype: "m.text", body: 7 }, nobody)).to.equal(null);
  });
});
