import { expect } from "chai";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import type { UserId, Username } from "../../../../src/policy/model.ts";
import {
  cannotBeSecurityGroupId,
  cannotBeUsername,
  customGroupDisplayName,
  displayNameOf,
  escapeLocalpart,
  foldName,
  groupHandleOf,
  handleTarget,
  isOurs,
  sameAccount,
  securityGroupDisplayName,
  unescapeLocalpart,
  userIdOf,
  usernameOf,
  whoIs,
} from "../../../../src/policy/names/names.ts";
import {
  c,
  customGroup,
  customId,
  g,
  groupId,
  idOf,
  practice,
  securityGroup,
  settings,
  u,
  user,
} from "../support/practice.ts";

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const people = practice(
  ["dr.jones", "Anna O'Hara"],
  [securityGroup("Doctors", ["dr.jones"]), securityGroup("custom+x", [])],
  [customGroup("x", { users: ["dr.jones"] })],
);

describe("escaping a name for a Matrix id", () => {
  const cases: Array<readonly [string, string]> = [
    ["jones", "jones"],
    ["Dr.Jones", "dr.jones"],
    ["a_b-c/d.e9", "a_b-c/d.e9"],
    ["a b", "a=20b"],
    ["a=b", "a=3db"],
    ["a+b", "a=2bb"],
    ["anna@clinic", "anna=40clinic"],
    ["é", "=c3=a9"],
    ["É", "=c3=a9"],
    ["e\u0301", "=c3=a9"],
    ["李", "=e6=9d=8e"],
    ["\ufeffx", "=ef=bb=bfx"],
  ];
  for (const [name, localpart] of cases) {
    it(`${JSON.stringify(name)} becomes ${localpart}`, () => {
      expect(escapeLocalpart(name)).to.equal(localpart);
      expect(unescapeLocalpart(localpart)).to.equal(foldName(name));
    });
  }

  for (const never of ["A", "a b", "=4", "=zz", "=C3=A9", "=61", "=c3", "=c3=89", "a+b", "é"]) {
    it(`never produces ${JSON.stringify(never)}, so nothing is read from it`, () => {
      expect(unescapeLocalpart(never)).to.equal(null);
    });
  }

  it("is a bijection between folded names and localparts", () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(escapeLocalpart(one)).to.match(/^[a-z0-9._\-/=]+$/);
        expect(unescapeLocalpart(escapeLocalpart(one))).to.equal(foldName(one));
        expect(escapeLocalpart(one) === escapeLocalpart(other)).to.equal(foldName(one) === foldName(other));
      }),
    );
  });
});

describe("accounts", () => {
  it("resolve to the directory's spelling", () => {
    expect(idOf("Anna O'Hara")).to.equal("@ht_anna=20o=27hara:clinic.example");
    expect(usernameOf(settings, idOf("anna o'hara"), people)).to.equal("Anna O'Hara");
  });

  it("of people, groups and custom groups never collide", () => {
    expect(groupId("Doctors")).to.equal("@ht_grp_doctors:clinic.example");
    expect(customId("x")).to.equal("@ht_grp_custom+x:clinic.example");
    expect(groupId("custom+x")).to.equal("@ht_grp_custom=2bx:clinic.example");
    fc.assert(
      fc.property(text, text, text, (name, id, custom) => {
        fc.pre(cannotBeUsername(settings, name) === null);
        const ids = new Set([
          userIdOf(settings, u(name)),
          groupHandleOf(settings, { securityGroup: g(id) }),
          groupHandleOf(settings, { customGroup: c(custom) }),
        ]);
        expect(ids.size).to.equal(3);
      }),
    );
  });

  it("show who they belong to", () => {
    const cases: Array<readonly [string, string]> = [
      [settings.bot, "bot"],
      [idOf("dr.jones"), "person"],
      [groupId("Doctors"), "group"],
      [customId("x"), "group"],
      [groupId("Gone"), "departed"],
      [customId("gone"), "departed"],
      [idOf("gone"), "departed"],
      ["@ht_dr.jones:elsewhere.example", "stranger"],
      ["@jones:clinic.example", "stranger"],
      ["@ht_:clinic.example", "stranger"],
    ];
    for (const [id, is] of cases) expect(whoIs(settings, id as UserId, people).is, id).to.equal(is);
  });

  it("of groups resolve to the group", () => {
    expect(handleTarget(settings, groupId("doctors"), people)).to.deep.equal({ securityGroup: "Doctors" });
    expect(handleTarget(settings, groupId("custom+x"), people)).to.deep.equal({ securityGroup: "custom+x" });
    expect(handleTarget(settings, customId("x"), people)).to.deep.equal({ customGroup: "x" });
    expect(handleTarget(settings, idOf("dr.jones"), people)).to.equal(null);
  });

  it("do not include the bot, even if its name has the same prefix", () => {
    const bot = "@ht_whisper:clinic.example" as UserId;
    expect(isOurs({ ...settings, bot }, bot)).to.equal(false);
    expect(cannotBeUsername({ ...settings, bot }, "Whisper")).to.be.a("string");
  });
});

describe("names that cannot become accounts", () => {
  const longest = 255 - "@ht_:clinic.example".length;
  const refused = [
    "",
    " ",
    " ann",
    "ann ",
    "grp_x",
    "GRP_x",
    "a\ud800",
    "a".repeat(longest + 1),
    "é".repeat(longest / 6 + 1),
  ];
  for (const name of refused) {
    it(`refuses ${JSON.stringify(name.slice(0, 20))}`, () => {
      expect(cannotBeUsername(settings, name)).to.be.a("string");
    });
  }
  for (const name of ["ann", "Anna O'Hara", "grp", "李", "a".repeat(longest)]) {
    it(`takes ${name.slice(0, 20)}`, () => {
      expect(cannotBeUsername(settings, name)).to.equal(null);
    });
  }

  it("limits group ids to the same length, including the prefix", () => {
    expect(cannotBeSecurityGroupId(settings, "a".repeat(longest - 4))).to.equal(null);
    expect(cannotBeSecurityGroupId(settings, "a".repeat(longest - 3))).to.be.a("string");
    expect(cannotBeSecurityGroupId(settings, "")).to.be.a("string");
  });

  it("reports names that would share an account", () => {
    expect(sameAccount(["ann", "Ben", "ANN", "ben", "cara", "ann"])).to.deep.equal([
      ["ann", "ANN"],
      ["Ben", "ben"],
    ]);
  });
});

describe("display names", () => {
  it("show the name and role, and mark groups", () => {
    expect(displayNameOf({ name: "Dr Anna Jones", role: "General practitioner" })).to.equal(
      "Dr Anna Jones · General practitioner",
    );
    expect(displayNameOf({ name: "Dr Anna Jones", role: null })).to.equal("Dr Anna Jones");
    expect(securityGroupDisplayName({ name: "Doctors" })).to.equal("Doctors (group)");
    expect(customGroupDisplayName("Night shift")).to.equal("Night shift (custom group)");
  });

  it("are never longer than Synapse accepts", () => {
    expect(displayNameOf(user("x" as Username, { name: "n".repeat(300) }))).to.have.lengthOf(256);
    expect(displayNameOf(user("x", { name: "😀".repeat(256) }))).to.equal("😀".repeat(256));
    expect(displayNameOf(user("x", { name: "😀".repeat(300) }))).to.equal(`${"😀".repeat(255)}…`);
    const families = displayNameOf(user("x", { name: "👩‍👩‍👧".repeat(60) }));
    expect(families).to.equal(`${"👩‍👩‍👧".repeat(51)}…`);
  });
});
