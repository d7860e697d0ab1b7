import { expect } from "chai";
import * as said from "../../../src/messages/words.ts";
import * as words from "../../../src/policy/words.ts";
import { type CommandLine, openCommandLine } from "../../support/practice/command-line.ts";
import { type House, id } from "../../support/practice/conversations.ts";

describe("names in commands", () => {
  let command: CommandLine;
  let house: House;
  before(async () => {
    command = await openCommandLine();
    house = command.house;
  });
  after(() => house.close());
  const ask = (username: string, body: string, more: object = {}) => command.ask(username, body, more);

  it("who gives the email address and the mobile number", async () => {
    expect(await ask("ben", "who Dr Anna Jones")).to.equal(
      "Dr Anna Jones · GP\nEmail: anna@practice.test\nMobile: 0400 000 001",
    );
    expect(await ask("anna", "who ben")).to.equal(
      `Ben Okafor\n${said.noEmail}\n${said.noMobile}\nAt North, South`,
    );
    expect(await ask("anna", "who gone")).to.include(said.leftPractice);
  });

  it("who says who is in a group, and through what", async () => {
    expect(await ask("anna", "who %nurses")).to.equal(
      "There are 2 people in Nurses (group):\n• set in HealthTrack: Ben Okafor, Cara Li",
    );
    await house.opened("anna", { users: ["ben"], groups: ["Nurses"] }, "Early shift");
    expect(await ask("anna", "who Early shift")).to.equal(
      "There are 3 people in Early shift (custom group):\n• added directly: Ben Okafor, Dr Anna Jones\n• through Nurses (group): Ben Okafor, Cara Li",
    );
  });

  it("who tells nobody else who is in a custom group, but those who look after Whisper", async () => {
    await house.opened("anna", { users: ["cara"] }, "Complaints");
    const refused = said.membersOnly("Complaints (custom group)");
    expect(await ask("ben", "who Complaints")).to.equal(refused);
    expect(await ask("ben", 'who "complaints"')).to.equal(refused);
    const { id: outer } = await house.opened("anna", { users: ["ben"] }, "Outer");
    expect(await ask("ben", "who Outer")).to.match(/^There are 2 people/);
    await house.edit("anna", outer, { remove: { users: ["ben"] } });
    expect(await ask("ben", "who Outer")).to.equal(said.membersOnly("Outer (custom group)"));
    expect(await ask("boss", "who Complaints")).to.match(/^There are 2 people in Complaints/);
    expect(await ask("ben", "who Complants")).to.match(/^I can't find a person or group/);
  });

  const nair = /^Dr Priya Nair · General practitioner, skin and eyes\n/;
  for (const named of [
    "Dr Priya Nair · General practitioner, skin and eyes",
    "Priya Nair · General practitioner, skin and eyes",
    "Priya Nair",
    "priya NAIR",
    "Dr. Priya Nair",
    "Doctor Priya Nair",
    "Dr. Nair",
    "dr nair?",
    "Priya\u00a0Nair!",
    "“Priya Nair”",
    "„Dr Priya Nair“",
    "‘Priya Nair’.",
    "Príya  Naïr",
    "\u2068Priya Nair\u2069",
    "@dr.nair",
  ]) {
    it(`who understands ${named}`, async () => {
      expect(await ask("anna", `who ${named}`)).to.match(nair);
    });
  }

  for (const named of [
    "Seán O’Brien-Łukasz",
    "sean o`brien lukasz",
    "SEAN O'BRIEN-ŁUKASZ",
    "Sean Obrien Lukasz",
  ]) {
    it(`who understands ${named}`, async () => {
      expect(await ask("anna", `who ${named}`)).to.match(/^Seán O'Brien-Łukasz\n/);
    });
  }

  it("who never confuses people", async () => {
    expect(await ask("anna", "who Mr Nair")).to.match(/^Mr Arjun Nair\n/);
    expect(await ask("anna", "who Prof Nair")).to.match(/^I can't find a person/);
    expect(await ask("anna", "who Mr Priya Nair")).to.match(/^I can't find a person/);
    expect(await ask("anna", "who Nair")).to.match(/^I can't find a person/);
    expect(await ask("anna", "who Cara Li · Nurse")).to.match(/^Several|^There are|cara.2/);
  });

  it("recognises a mention inside quotation marks, or with punctuation after it", async () => {
    const mention = (who: string, name: string) => `<a href="https://matrix.to/#/${who}">${name}</a>`;
    const asked = async (html: string) => ask("anna", "x", { formatted_body: html });
    expect(await asked(`who "${mention(id("ben"), "Ben Okafor")}"`)).to.match(/^Ben Okafor\n/);
    expect(await asked(`who „${mention(id("ben"), "Ben Okafor")}“?`)).to.match(/^Ben Okafor\n/);
    expect(await asked(`who ${mention(id("ben"), "Ben Okafor")}?`)).to.match(/^Ben Okafor\n/);
  });

  it("understands every keyboard's quotation marks around groups, and keeps their names clean", async () => {
    const { id: group } = await house.opened("anna", { users: ["ben"] }, "Quoted");
    const name = async () => (await house.group(group)).name;
    await ask("anna", "rename „Quoted“ to «Anna’s team»");
    expect(await name()).to.equal("Anna’s team");
    await ask("anna", "rename anna's team. to ‚Night\u202e shift\u0007‘");
    expect(await name()).to.equal("Night shift");
    for (const empty of ['""', "“ ”", '"\u200b"', "«\u2066\u2069»"])
      expect(await ask("anna", `rename Night shift to ${empty}`)).to.equal(words.nameMissing);
    expect(await name()).to.equal("Night shift");
    expect(await ask("anna", "add cara.2 to ‘Night shift’!")).to.equal(said.added("Cara Li", "Night shift"));
  });
});
