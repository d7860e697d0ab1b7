import { expect } from "chai";
import { directedText } from "../../../../src/messages/directives.ts";
import { htmlDirectives, replaceInHtml } from "../../../../src/messages/html/html-directives.ts";
import { asksForSms, withoutDirectives } from "../../../../src/policy/directives/directive.ts";
import { expectLinear, repeated } from "../../../support/growth.ts";

const kinds = (html: string) => htmlDirectives(html).map(({ directive }) => directive.is);
const message = (body: string, html?: string) => ({
  msgtype: "m.text",
  body,
  ...(html !== undefined && { format: "org.matrix.custom.html", formatted_body: html }),
});
const sms = (body: string, html?: string) => asksForSms(directedText(message(body, html))?.directives ?? []);

describe("directives in a message's HTML", () => {
  for (const html of [
    "#sms",
    "<p>Call <strong>me</strong> #sms</p>",
    "<strong>#sms</strong>",
    "#<b>sms</b>",
    "&#35;sms",
    "Hello<br>#sms",
    "<ul><li>one</li><li>#sms</li></ul>",
    '<a href="https://matrix.to/#/@ht_ann:practice.test">Ann</a> #sms',
  ])
    it(`${html} has one`, () => expect(kinds(html)).to.deep.equal(["sms"]));

  for (const html of [
    "<code>#sms</code>",
    "<pre><code>#sms\n</code></pre>",
    "<blockquote>call me #sms</blockquote>",
    '<a href="https://matrix.to/#/%23sms:practice.test">#sms</a>',
    "<b>#sms</b>x",
    "<mx-reply>#sms</mx-reply>done",
    '<img alt="#sms">',
    "<!-- #sms -->",
  ])
    it(`${html} has none`, () => expect(kinds(html)).to.deep.equal([]));

  it("replaces one, whatever tags are in it, and nothing else", () => {
    const html = "<p>See #patient&nbsp;<b>12</b>34 &amp; #sms</p>";
    const replaced = replaceInHtml(html, htmlDirectives(html), (directive) =>
      directive.is === "patient" ? `[${directive.patient}]` : null,
    );
    expect(replaced).to.equal("<p>See [1234]<b></b> &amp; #sms</p>");
  });

  it("counts what stands in both forms of a message", () => {
    expect(sms("#sms **now**", "#sms <strong>now</strong>")).to.equal(true);
    expect(sms("#sms", "nothing of the kind")).to.equal(false);
    expect(sms("\\#sms", "#sms")).to.equal(false);
    expect(sms("#sms", "<code>#sms</code>")).to.equal(false);
    expect(sms("#sms")).to.equal(true);
  });

  it("reads a reply without the quotation before it", () => {
    const said = directedText(message("> <@ht_ann:practice.test> call me #sms\n\nWill do #sms"));
    expect(withoutDirectives(said?.text ?? "", said?.directives ?? [])).to.equal("Will do");
    expect(sms("> <@ht_ann:practice.test> call me #sms\n\nWill do")).to.equal(false);
  });

  it("reads nothing where there is no text", () => {
    expect(directedText({ body: 5 })).to.equal(null);
    expect(directedText({})).to.equal(null);
  });

  for (const piece of ["#sms ", "<b>#", "&#35;sms", "<code>#sms", "<a>", "</a>#sms"])
    it(`takes time in proportion to the HTML: ${piece}`, () =>
      expectLinear(
        65_536,
        (size) => repeated(piece, size),
        (html) => replaceInHtml(html, htmlDirectives(html), () => "x"),
      ));
});
