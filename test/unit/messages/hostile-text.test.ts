import { expect } from "chai";
import { plainText, quotedAgain, quoteNotice } from "../../../src/arrivals/notices/quote.ts";
import { nearest } from "../../../src/base/nearest.ts";
import { normalized } from "../../../src/base/normalized.ts";
import { commandText, LONGEST_COMMAND, TOO_LONG } from "../../../src/commands/text.ts";
import { tokensOf } from "../../../src/commands/tokens.ts";
import { nativeEdit } from "../../../src/conversations/groups/native-edit.ts";
import type { MatrixEvent } from "../../../src/messages/event.ts";
import { filesIn } from "../../../src/messages/files.ts";
import { htmlPieces, withoutFallbackIn } from "../../../src/messages/html/markup.ts";
import { relationOf } from "../../../src/messages/relation.ts";
import type { UserId } from "../../../src/policy/model.ts";
import { nameKey } from "../../../src/policy/names/group-names.ts";
import { foldName } from "../../../src/policy/names/names.ts";
import { expectLinear, repeated } from "../../support/growth.ts";

/** Maximum size of an event in bytes (client-server API, "Size limits"). */
const EVENT = 65_536;

/** Text that causes too much work unless it is bounded: endless quotations, tags, links, entities and blanks. */
const HOSTILE: Readonly<Record<string, (size: number) => string>> = {
  "lines of a quotation": (size) => `${repeated("> x\n", size)}and one plain line`,
  "empty lines of a quotation": (size) => `${repeated(">\n", size)}x`,
  "blanks in quotation marks": (size) => `who "a${repeated(" ", size)}`,
  "opening quotation marks": (size) => `who ${repeated('%"', size)}`,
  letters: (size) => `who ${repeated("a", size)}`,
  words: (size) => `new ${repeated("ann ", size)}`,
  brackets: (size) => repeated("<", size),
  "open tags": (size) => repeated("<b>", size),
  "tags that close nothing": (size) => `<b>${repeated("</i>", size)}`,
  "tags opened, then others closed": (size) => repeated("<b>", size / 2) + repeated("</i>", size / 2),
  "attributes without an end": (size) => `<a ${repeated("href=' ", size)}`,
  attributes: (size) => `<a ${repeated("a=b ", size)}>`,
  "comments without an end": (size) => repeated("<!--", size),
  "mentions without an end": (size) => repeated('<a href="https://matrix.to/#/@ht_ann:practice.test">', size),
  "mentions whose quotation mark does not end": (size) => repeated('<a href="https://matrix.to/#/@', size),
  "reply fallbacks without an end": (size) => repeated("<mx-reply>", size),
  "reply fallbacks opened, then closed": (size) =>
    repeated("<mx-reply>", size / 2) + repeated("</mx-reply>", size / 2),
  "entities without an end": (size) => repeated("&", size),
  "an entity of many digits": (size) => `&#${repeated("9", size)};`,
  "entities of no character": (size) => repeated("&#999999999999;&#xD800;&#0;", size),
  "marks in a wrong order": (size) => `a${repeated("\u0301", size / 2)}${repeated("\u0316", size / 2)}`,
  "marks by turns": (size) => `a${repeated("\u0301\u0316", size)}`,
  "marks that look like letters": (size) => `a${repeated("\uff9e\u0316", size)}`,
  "vowels on one letter": (size) => `\u0f40${repeated("\u0f74\u0f72\u0f71", size)}`,
  "half surrogate pairs": (size) => repeated("\ud800", size),
  "control characters": (size) => `${repeated("\u0001", size)}x`,
  "addresses of files that do not end": (size) => repeated("mxc://a", size),
};

/** Everything that reads the text of events. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  "a command's text": (body) => commandText({ msgtype: "m.text", body }, nobody),
  "a command's HTML": (html) =>
    commandText({ msgtype: "m.text", body: "x", formatted_body: MENTION + html }, nobody),
  "a command's words": (text) => tokensOf(text.slice(0, LONGEST_COMMAND)),
  "a reply's text": (body) => plainText({ body }),
  "a reply that is passed on": (body) =>
    quoteNotice(LINE, { msgtype: "m.text", body, formatted_body: body }, null),
  "a reply that was edited": (body) =>
    quotedAgain(
      { body: `> x\n\n${body}`, formatted_body: `<blockquote>${body}` },
      { msgtype: "m.text", body },
      null,
    ),
  "the pieces of HTML": htmlPieces,
  "HTML without its reply fallback": withoutFallbackIn,
  "the files of an event": (text) =>
    filesIn({
      ...NAMED,
      type: "m.room.message",
      content: { msgtype: "m.image", url: text, format: "org.matrix.custom.html", formatted_body: text },
    }),
  "a group's new name": (name) => nativeEdit({ ...NAMED, content: { name } }, BOT),
  "what a group's name is compared by": nameKey,
  "what a username is compared by": foldName,
  "a word that is a typing error": (word) => nearest(word, NAMES),
};

const nobody = () => [];
const MENTION = '<a href="https://matrix.to/#/@ht_ann:practice.test">Ann</a>';
const LINE = { text: "A.J. has arrived", html: "A.J. has arrived" };
const BOT = "@whisper:practice.test" as UserId;
const NAMED = { type: "m.room.name", sender: "@ht_ann:practice.test", state_key: "" } as MatrixEvent;
const NAMES = Array.from({ length: 60 }, (_, index) => `Person Number ${index}`);

describe("hostile text in an event", () => {
  for (const [reader, read] of Object.entries(READERS)) {
    it(`takes time in proportion to its length: ${reader}`, async () => {
      for (const [what, text] of Object.entries(HOSTILE)) {
        await expectLinear(EVENT, text, read).catch((error: unknown) => {
          throw new Error(`${what}: ${error instanceof Error ? error.message : error}`);
        });
      }
    });
  }

  it("takes time in proportion to its length: mentions of many people", async () => {
    const mentions = (size: number) => ({
      msgtype: "m.text",
      body: repeated("Ann ", LONGEST_COMMAND),
      "m.mentions": { user_ids: Array.from({ length: size }, (_, index) => `@ht_${index}:practice.test`) },
    });
    await expectLinear(EVENT / 20, mentions, (content) => commandText(content, () => ["Ann", "A", "n"]));
  });

  it("takes time in proportion to its length: relations and keys", async () => {
    const content = (size: number) => ({
      "m.relates_to": Object.fromEntries(Array.from({ length: size }, (_, index) => [`k${index}`, {}])),
    });
    await expectLinear(EVENT / 10, content, (each) => relationOf({ content: each }));
  });

  it("takes time in proportion to their number: typing errors of many names", async () => {
    const names = (size: number) => Array.from({ length: size }, (_, index) => `person.${index}`);
    await expectLinear(5_000, names, (candidates) => nearest("persn.x", candidates));
    expect(nearest("a".repeat(60_000), names(5))).to.equal(undefined);
    expect(nearest("persn.2", names(5))).to.equal("person.2");
  });
});

describe("text in a normal form", () => {
  it("is unchanged for what people write", () => {
    const written = [
      "Zoe\u0308 O'Brien",
      "Ng\u00f4 Th\u1ecb H\u01b0\u01a1ng",
      "\u0e19\u0e49\u0e33",
      "\uff76\uff9e",
      `a${"\u0301\u0316".repeat(15)}`,
    ];
    for (const text of written)
      for (const form of ["NFC", "NFKD"] as const)
        expect(normalized(text, form)).to.equal(text.normalize(form));
  });

  it("has at most thirty marks on one character", () => {
    expect(normalized(`x${"\u0301".repeat(40)}y`, "NFC")).to.equal(`x${"\u0301".repeat(30)}y`);
    expect(normalized(`${"\uff9e\u0316".repeat(40)}`, "NFKD")).to.have.length(30);
  });
});

describe("a command that is too long", () => {
  it("is recognised by the text that its writer sees", () => {
    const text = (body: string, more = {}) => commandText({ msgtype: "m.text", body, ...more }, nobody);
    const longest = `who ${"a".repeat(LONGEST_COMMAND - 4)}`;
    expect(text(longest)).to.equal(longest);
    expect(text(`${longest}a`)).to.equal(TOO_LONG);
    expect(text(`${" ".repeat(50_000)}help`)).to.equal("help");
    const quotation = "> a long letter\n".repeat(1_000);
    expect(text(`${quotation}\nhelp`)).to.equal("help");
    const mentions = MENTION.repeat(300);
    expect(text("new …", { formatted_body: `new ${mentions}` })).to.be.a("string");
    expect(text("x", { formatted_body: MENTION + "a ".repeat(LONGEST_COMMAND) })).to.equal(TOO_LONG);
  });
});
