import { expect } from "chai";
import { describe, it } from "mocha";
import { mayWriteEvent } from "../../../../src/policy/callbacks/check-event-for-spam.ts";
import { openingFor } from "../../../../src/policy/conversations/opening.ts";
import { cannotBeGroupName, nameKey, tidyGroupName } from "../../../../src/policy/names/group-names.ts";
import {
  conversation,
  customGroup,
  idOf,
  inactive,
  practice,
  securityGroup,
  settings,
  user,
} from "../support/practice.ts";

const people = practice(
  [
    user("ann", { name: "Dr Ann Jones", role: "Surgeon" }),
    user("ben", { name: "Ben Okafor" }),
    user("cara", { name: "Zoé Smith" }),
    inactive("gone"),
  ],
  [securityGroup("Doctors", ["ann"])],
  [customGroup("night", { users: ["ann", "ben", "cara"], name: "Night shift" })],
);

const RESERVED = [
  "Alerts",
  "ALERTS",
  " alerts ",
  "A l e r t s",
  "Alerts!",
  "\u202eAlerts",
  "Al\u200berts",
  "Ａｌｅｒｔｓ",
  "𝐀𝐥𝐞𝐫𝐭𝐬",
  "Аlerts", // a Cyrillic A
  "AIerts", // a capital I
  "A1erts",
  "Αlerts", // a Greek Alpha
  "Whisper admin",
  "whisper-admin",
  "WhisperAdmin",
  "Patient arrivals",
  "Patient Arriva\u00adls",
  "Whisper",
  "Doctors",
  "doctors (group)",
  "Dосtоrs", // Cyrillic o and c
  "Ben Okafor",
  "BEN  OKAFOR",
  "Dr Ann Jones",
  "Dr Ann Jones · Surgeon",
  "Zoe Smith",
];
const FREE = [
  "Night shift",
  "Alerts for Tuesday",
  "Doctors and nurses",
  "Gone",
  "Zoe",
  "Theatre 1",
  "🌙",
  "مناوبة",
  "夜勤",
  "ß",
];

describe("the name of a custom group", () => {
  for (const name of RESERVED)
    it(`may not be ${JSON.stringify(name)}`, () => {
      expect(cannotBeGroupName(people, name)).to.match(/Choose another name\.$/);
    });
  for (const name of FREE)
    it(`may be ${JSON.stringify(name)}`, () => expect(cannotBeGroupName(people, name)).to.equal(null));

  it("is empty if nothing in it is visible", () => {
    expect(tidyGroupName(" \u200b ")).to.equal(null);
    expect(tidyGroupName(null)).to.equal(null);
  });

  it("of symbols alone is compared as it is", () => {
    expect(nameKey("🌙")).not.to.equal(nameKey("🌞"));
    expect(nameKey("ß")).to.equal(nameKey("SS"));
  });

  it("is refused when opening a group, but not if that group already exists", () => {
    const old = practice(
      ["ann", "ben", "cara"],
      [],
      [customGroup("a", { users: ["ann", "ben", "cara"], name: "Alerts" })],
    );
    const choice = { users: ["ben", "cara"], securityGroups: [], customGroups: [] } as never;
    expect(openingFor(people, "ann" as never, choice, "Ale\u200brts").open).to.equal("refused");
    expect(openingFor(old, "ann" as never, choice, "Alerts ").open).to.equal("custom");
  });

  it("is tidied before the search for an existing group", () => {
    const choice = { users: ["ben", "cara"], securityGroups: [], customGroups: [] } as never;
    const named = openingFor(people, "ann" as never, choice, " Night\u200e  shift ");
    expect(named).to.deep.equal({ open: "custom", group: "night" });
    const unnamed = openingFor(people, "ann" as never, choice, "\u200b");
    expect(unnamed).to.deep.equal({ open: "custom", group: "night" });
  });

  it("is refused when renaming in a client", () => {
    const rename = (name: unknown) =>
      mayWriteEvent(people, settings, {
        sender: idOf("ann"),
        type: "m.room.name",
        state: true,
        content: { name },
        room: { room: "managed", conversation: conversation.custom("night") },
        undecided: false,
        removesState: false,
      }).allowed;
    for (const name of RESERVED) expect(rename(name), name).to.equal(false);
    for (const name of [...FREE, "", undefined, 5]) expect(rename(name), String(name)).to.equal(true);
  });
});
