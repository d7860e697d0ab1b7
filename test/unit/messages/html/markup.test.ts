import { expect } from "chai";
import fc from "fast-check";
import { withoutFallback } from "../../../../src/messages/html/fallback.ts";
import { htmlPieces, withoutFallbackIn } from "../../../../src/messages/html/markup.ts";

const textOf = (html: string) =>
  htmlPieces(html)
    .map((piece) => (piece.is === "text" ? piece.text : ""))
    .join("");

describe("the HTML of a message", () => {
  const bare: Array<[string, string, string]> = [
    ["a fallback at the start", "<mx-reply><b>quoted</b></mx-reply>said", "said"],
    ["one with attributes", '<MX-Reply class="x" data-y>quoted</mx-reply >said', "said"],
    ["one behind text", "before<mx-reply>quoted</mx-reply>after", "beforeafter"],
    ["one in another", "<mx-reply>a<mx-reply>b</mx-reply>c</mx-reply>said", "said"],
    ["two", "<mx-reply>a</mx-reply>one<mx-reply>b</mx-reply>two", "onetwo"],
    ["one that is not closed", "before<mx-reply>quoted <b>and more</b>", "before"],
    ["one that ends with what it stands in", "<p><mx-reply>quoted</p><p>said</p>", "<p></p><p>said</p>"],
    ["one that holds pictures and lines", "<mx-reply><img src=x><br>a</mx-reply>said", "said"],
    ["an end without a beginning", "one</mx-reply>two", "onetwo"],
    ["one in a comment, which is none", "<!-- <mx-reply> -->said", "<!-- <mx-reply> -->said"],
    ["one as text, which is none", "&lt;mx-reply&gt;said", "&lt;mx-reply&gt;said"],
    [
      "a tag of a longer name, which is none",
      "<mx-reply-x>said</mx-reply-x>",
      "<mx-reply-x>said</mx-reply-x>",
    ],
    [
      "one in the value of an attribute, which is none",
      '<a href="<mx-reply>">said</a>',
      '<a href="<mx-reply>">said</a>',
    ],
  ];
  for (const [what, html, without] of bare) {
    it(`is read without its reply fallback: ${what}`, () => {
      expect(withoutFallbackIn(html)).to.equal(without);
      expect(textOf(html)).to.equal(textOf(without));
    });
  }

  it("is otherwise left as it is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("<b>", "</b>", "<", ">", "&", "&amp;", "x", '"', "<!--", "<p a='")),
        (parts) => {
          expect(withoutFallbackIn(parts.join(""))).to.equal(parts.join(""));
        },
      ),
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (any) => void htmlPieces(any)));
  });

  it("has its entities decoded as in browsers, even those of no character", () => {
    expect(textOf("a &lt; b &amp;&#x41;&#66; &eacute;&unknown;")).to.equal("a < b &AB é&unknown;");
    expect(textOf(`&#999999999999;|&#xD800;|&#0;|&#${"9".repeat(400)};`)).to.equal(
      "\ufffd|\ufffd|\ufffd|\ufffd",
    );
  });
});

describe("the plain text of a message", () => {
  const bodies: Array<[string, string, string]> = [
    ["> <@a:b> x\n> y\n\nsaid", "said", "said"],
    ["> x\n>\n> y\n\nsaid\n\n> more", "said\n\n> more", "said\n\n> more"],
    ["> x\nsaid", "> x\nsaid", "said"],
    ["> x", "> x", "> x"],
    ["> x\n", "> x\n", ""],
    ["said\n> x\n\ny", "said\n> x\n\ny", "said\n> x\n\ny"],
    ["", "", ""],
  ];
  for (const [body, needed, notNeeded] of bodies) {
    it(`is read without its reply fallback: ${JSON.stringify(body)}`, () => {
      expect(withoutFallback(body, "needed")).to.equal(needed);
      expect(withoutFallback(body, "not needed")).to.equal(notNeeded);
    });
  }
});
