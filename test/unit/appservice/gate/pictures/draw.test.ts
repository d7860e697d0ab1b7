import { expect } from "chai";
import { draw } from "../../../../../src/appservice/gate/pictures/draw.ts";
import { ICONS, SHADES } from "../../../../../src/appservice/gate/pictures/icons.ts";
import { SHADES as COUNT, ICONS as NAMES } from "../../../../../src/policy/names/pictures.ts";

/** Relative luminance (WCAG 2.2, "relative luminance"). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
const contrastWithWhite = (colour: string): number => 1.05 / (luminance(colour) + 0.05);

describe("the pictures that Whisper draws", () => {
  it("are PNGs of 256 × 256 pixels, and all differ", async () => {
    const all = [
      ...NAMES.map((icon) => ({ shows: "icon", icon }) as const),
      letters("PN"),
      letters("JS"),
      letters("ЖИ"),
    ];
    const drawn = await Promise.all(all.map(draw));
    for (const png of drawn) {
      expect(png.subarray(1, 4).toString("latin1")).to.equal("PNG");
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).to.deep.equal([256, 256]);
    }
    expect(new Set(drawn.map((png) => png.toString("base64"))).size).to.equal(all.length);
  });

  it("have backgrounds on which white is legible", () => {
    expect(SHADES).to.have.lengthOf(COUNT);
    for (const colour of [...SHADES, ...Object.values(ICONS).map(({ background }) => background)])
      expect(contrastWithWhite(colour), colour).to.be.at.least(4.5);
  });
});

const letters = (drawn: string) => ({ shows: "initials", letters: drawn, shade: 0 }) as const;
