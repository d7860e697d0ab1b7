import { expect } from "chai";
import { type Asker, findPerson, findSelection } from "../../../src/commands/find.ts";
import { tokensOf } from "../../../src/commands/tokens.ts";
import { practice, settings, u, user } from "../policy/support/practice.ts";

const asker: Asker = {
  directory: practice([
    "anna",
    user("ben", { name: "Ben Okafor" }),
    user("dot", { name: "Dorothy “Dot” Ruiz", role: "Nurse" }),
    user("mj", { name: 'Mary-Jane ("MJ") O\'Hara' }),
  ]),
  settings,
  username: u("anna"),
};
const who = (text: string) => {
  const found = findPerson(asker, tokensOf(text));
  return found.ok ? found.found : found.problem;
};

describe("a name with a nickname in quotation marks", () => {
  for (const [typed, meant] of [
    ["Dorothy “Dot” Ruiz · Nurse", "dot"],
    ['Dorothy "Dot" Ruiz', "dot"],
    ["dorothy «dot» ruiz?", "dot"],
    ['"Dorothy “Dot” Ruiz"', "dot"],
    ["Mary-Jane (“MJ”) O’Hara", "mj"],
    ['Mary-Jane ("MJ") O\'Hara', "mj"],
  ] as const)
    it(`is understood: ${typed}`, () => expect(who(typed)).to.equal(meant));

  it("is one of several", () => {
    const found = findSelection(asker, tokensOf("Ben Okafor, Dorothy “Dot” Ruiz Mary-Jane (“MJ”) O’Hara"));
    expect(found).to.have.nested.property("found.users").that.has.members(["ben", "dot", "mj"]);
  });

  it("is none where no quotation marks belong to the name: what is quoted stands for itself", () => {
    expect(who('Ben "Okafor"')).to.match(/^Name one person/);
    expect(who('ben "mj"')).to.match(/^Name one person/);
  });
});
