import { expect } from "chai";
import * as fc from "fast-check";
import { isFile } from "../../../../src/messages/files.ts";
import type { ConversationKind } from "../../../../src/policy/model.ts";
import {
  ICONS,
  isOwnPicture,
  type Picture,
  pictureOf,
  pictureOfConversation,
  pictureOfPerson,
  pictureUri,
  SHADES,
} from "../../../../src/policy/names/pictures.ts";

const SERVER = "clinic.example";
const idOf = (picture: Picture): string => pictureUri(SERVER, picture).slice(`mxc://${SERVER}/`.length);
const lettersOf = (name: string): string | null => {
  const picture = pictureOfPerson("anna", name);
  return picture?.shows === "initials" ? picture.letters : null;
};

describe("the picture of a person without a portrait", () => {
  for (const [name, letters] of [
    ["Dr Priya Nair", "PN"],
    ["Mia Kowalski", "MK"],
    ["A/Prof. Jean-Luc van der Berg", "JB"],
    ["NAIR, Priya, Dr", "PN"],
    ["Mary Ann Smith", "MS"],
    ["Reception", "R"],
    ["Éva Ünal", "ÉÜ"],
    ["Жанна Иванова", "ЖИ"],
    // None of these letters can be drawn, so clients show their own picture.
    ["王小明", null],
    ["🙂", null],
    ["", null],
  ] as const) {
    it(`of ${JSON.stringify(name)} shows ${letters ?? "none of our letters"}`, () => {
      expect(lettersOf(name)).to.equal(letters);
    });
  }

  it("keeps its colour when the name changes, and colours differ", () => {
    const shade = (username: string, name: string) => {
      const picture = pictureOfPerson(username, name);
      return picture?.shows === "initials" ? picture.shade : null;
    };
    expect(shade("anna.jones", "Anna Jones")).to.equal(shade("anna.jones", "Anna Smith"));
    const all = new Set(Array.from({ length: 60 }, (_, index) => shade(`user.${index}`, "Anna Jones")));
    expect(all.size).to.equal(SHADES);
  });
});

describe("the address of a picture", () => {
  it("contains everything that the picture shows, whatever the name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (username, name) => {
        const picture = pictureOfPerson(username, name);
        if (picture === null) return;
        expect(pictureOf(idOf(picture))).to.deep.equal(picture);
        expect(isFile(SERVER, idOf(picture))).to.equal(true);
        expect(isOwnPicture(SERVER, pictureUri(SERVER, picture))).to.equal(true);
      }),
    );
    for (const icon of ICONS)
      expect(pictureOf(idOf({ shows: "icon", icon }))).to.deep.equal({ shows: "icon", icon });
  });

  for (const id of [
    "whisper-1-",
    "whisper-1-nobody",
    "whisper-2-group",
    "whisper-1-9-50",
    "whisper-1-3",
    "whisper-1-3-50-4e-4e",
    "whisper-1-3-3c",
    "whisper-1-3-26",
    "whisper-1-3-d800",
    "whisper-1-3-fffff",
    "whisper-1-3-0",
    "ABCDEFGHIJKLMNOPQRSTUVWX",
  ]) {
    it(`is not ${id}`, () => {
      expect(pictureOf(id)).to.equal(null);
    });
  }

  it("on another server is a portrait that someone chose", () => {
    expect(isOwnPicture(SERVER, "mxc://elsewhere.example/whisper-1-group")).to.equal(false);
    expect(isOwnPicture(SERVER, `mxc://${SERVER}/ABCDEFGHIJKLMNOPQRSTUVWX`)).to.equal(false);
  });
});

it("a conversation shows the other person's picture, or the picture of its kind", () => {
  const shown = (
    ["individual", "control", "alerts", "arrivals", "group", "custom", "admin"] satisfies ConversationKind[]
  ).map((kind) => pictureOfConversation(kind));
  expect(shown.map((picture) => (picture?.shows === "icon" ? picture.icon : null))).to.deep.equal([
    null,
    null,
    "alerts",
    "arrivals",
    "group",
    "custom",
    "admin",
  ]);
});
