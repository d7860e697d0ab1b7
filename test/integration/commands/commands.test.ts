import { expect } from "chai";
import { takeChanges } from "../../../src/directory/change-log.ts";
import { readPreferences } from "../../../src/directory/preferences.ts";
import * as said from "../../../src/messages/words.ts";
import type { Username } from "../../../src/policy/model.ts";
import * as words from "../../../src/policy/words.ts";
import { expectLinear, repeated } from "../../support/growth.ts";
import { type CommandLine, openCommandLine } from "../../support/practice/command-line.ts";
import { type House, handle, id } from "../../support/practice/conversations.ts";

describe("commands", () => {
  let command: CommandLine;
  let house: House;
  before(async () => {
    command = await openCommandLine();
    house = command.house;
  });
  after(() => house.close());
  const control = (username: string) => command.control(username);
  const answers = (username: string) => command.answers(username);
  const ask = (username: string, body: string, more: object = {}) => command.ask(username, body, more);

  it("help lists every command with what it does, plain and formatted", async () => {
    const help = await ask("anna", "help");
    for (const part of [
      "new [<title>] <people and groups>",
      "add <people and groups> to <group>",
      "remove",
      "rename",
      "why",
      "who",
      "prefs",
      "history",
    ]) {
      expect(help).to.include(part);
    }
    expect(help).not.to.include("audit");
    expect((await answers("anna")).at(-1)?.formatted_body).to.match(
      /^<p>.*<\/p><ul><li><code>new .*<\/ul><p>/s,
    );
    expect(await ask("anna", "help add")).to.include('add dr.jones to "Night shift"');
  });

  it("answers an unknown command with the nearest known one", async () => {
    expect(await ask("anna", "hlep")).to.equal(said.unknownCommand("hlep", "help"));
    expect(await ask("anna", "xyzzy plugh")).to.equal(said.unknownCommand("xyzzy", undefined));
    expect(await ask("anna", "add ben")).to.equal(
      said.usage("add <people and groups> to <group>", 'add dr.jones to "Night shift"'),
    );
  });

  it("answers once, however often the event is handled, and says nothing to another program", async () => {
    await ask("anna", "help");
    const before = (await answers("anna")).length;
    await house.database.query("UPDATE inbox SET handled_at = NULL WHERE room_id = $1", [control("anna")]);
    await ask("anna", "help", { msgtype: "m.notice" });
    expect(await answers("anna")).to.have.lengthOf(before);
  });

  it("new opens conversations with people, groups and a title", async () => {
    expect(await ask("anna", "new Ben Okafor")).to.equal(`Ben Okafor ${said.comesSoon}`);
    expect((await house.list("ben")).map((each) => each.name)).to.include("Dr Anna Jones");
    expect(await ask("anna", 'new ben, %nurses "Theatre list"')).to.equal(`Theatre list ${said.comesSoon}`);
    expect((await house.list("cara")).find((each) => each.name === "Theatre list")).to.include({
      kind: "custom",
    });
    const again = (await house.list("anna")).find((each) => each.name === "Theatre list");
    await house.giveRoom(again?.id as never, []);
    expect(await ask("anna", '!new %nurses ben "Theatre list"')).to.equal(`Theatre list ${said.wasOpen}`);
    expect((await answers("anna")).at(-1)?.formatted_body).to.match(
      /^<a href="https:\/\/matrix.to\/#\/!room/,
    );
  });

  for (const named of ["Ward “A” 🏥", 'ward "a" 🏥 (group)'])
    it(`new understands quotation marks within a name: ${named}`, async () => {
      expect(await ask("anna", `new ${named}, ben`)).to.include("Ward “A” 🏥 (group) and Ben Okafor");
    });

  it("new says what is wrong", async () => {
    expect(await ask("anna", "new bne")).to.equal(said.unknownName("bne", "ben"));
    expect(await ask("anna", "new Cara Li")).to.equal(said.severalPeople(["cara", "cara.2"]));
    expect(await ask("anna", "new gone")).to.equal(words.personLeft("Gone Away"));
    expect(await ask("anna", "new anna")).to.equal(words.toYourself);
    expect(await ask("anna", "new @stranger:elsewhere")).to.equal(words.outsider);
  });

  it("add, remove and rename change a group, by names, mentions and handles", async () => {
    const { id: group } = await house.opened("anna", { users: ["ben"], groups: ["Doctors"] }, "Night shift");
    expect(await ask("anna", "add cara.2 and %nurses to Night shift")).to.equal(
      said.added("Nurses (group) and Cara Li", "Night shift"),
    );
    expect(await house.group(group)).to.deep.include({
      users: ["ben", "cara.2"],
      groups: ["Doctors", "Nurses"],
    });
    const mention = (who: string, name: string) => `<a href="https://matrix.to/#/${who}">${name}</a>`;
    const html = `remove ${mention(id("ben"), "Ben Okafor")} from ${mention(handle({ customGroup: group }), "Night shift (custom group)")}`;
    expect(await ask("anna", "remove Ben Okafor from Night shift", { formatted_body: html })).to.equal(
      words.staysMember("Ben Okafor", "through Nurses (group)"),
    );
    expect((await house.group(group)).users).to.deep.equal(["cara.2"]);
    expect(await ask("anna", "add cara.2, %nurses to Night shift")).to.equal(
      said.alreadyIn("Nurses (group) and Cara Li", "Night shift"),
    );
    expect(await ask("anna", "remove boss, cara.2 from Night shift")).to.equal(
      `${said.removed("Cara Li", "Night shift")}\n${said.notInGroup("The Boss", "Night shift")}`,
    );
    expect(await ask("ben", 'rename "night SHIFT" to Late shift')).to.equal(
      said.renamed("Night shift", "Late shift"),
    );
    expect(await ask("boss", "add me to Late shift")).to.equal(words.editOnlyMembers);
    expect(await ask("anna", "remove everybody from Late shift")).to.match(
      /person or group called "everybody"/,
    );
    expect(await ask("anna", "add ben to Doctors")).to.equal(words.groupFromHealthTrack);
    expect(await ask("anna", "add ben to Late shfit")).to.equal(
      said.unknownGroup("Late shfit", "Late shift"),
    );
  });

  it("why explains through which groups someone is a member", async () => {
    await house.opened("anna", { users: ["ben"], groups: ["Doctors", "Nurses"] }, "Whys");
    expect(await ask("anna", "why ben in Whys")).to.equal(
      `${said.isMember("Ben Okafor", "Whys (custom group)")}\n• added directly\n• through Nurses (group)`,
    );
    expect(await ask("anna", "why Whys")).to.include("• through Doctors (group)");
    expect(await ask("anna", "why boss in Whys")).to.equal(said.notMember("The Boss", "Whys (custom group)"));
    expect(await ask("anna", "why in doctors")).to.include(said.bySecurityGroup);
  });

  it("? alone in an individual conversation tells the asker, and no one else, about the other person", async () => {
    const { room } = await house.opened("anna", { users: ["ben"] });
    const before = await answers("ben");
    await house.say(room, "ben", " ? ");
    await house.say(room, "ben", "Really?");
    const after = await answers("ben");
    expect(after).to.have.lengthOf(before.length + 1);
    expect(after.at(-1)?.body).to.include("Mobile: 0400 000 001");
  });

  it("prefs shows and changes the asker's settings, and applies them", async () => {
    const following = () => house.database.transaction((tx) => takeChanges(tx, 100));
    await following();
    expect(await ask("ben", "prefs never-receive on")).to.include("• never-receive on");
    expect(await readPreferences(house.database, "ben" as Username, {})).to.include({ never_receive: true });
    expect(await following()).to.deep.equal([{ kind: "user", subject: "ben" }]);
    expect(await house.takeJobs("conversations")).to.have.length(1);
    await ask("ben", "prefs never_receive OFF");
    await ask("ben", "prefs arrivals location");
    expect(await ask("ben", "prefs")).to.match(/never-receive off.*arrivals location/s);
    expect(await ask("ben", "prefs arrivals default")).to.match(/arrivals off/);
    expect(await ask("ben", "prefs arrivals sometimes")).to.equal(
      said.settingTakes("arrivals", ["off", "own", "location", "all", "default"]),
    );
    expect(await ask("ben", "prefs arrivals all")).to.equal(
      said.alertsNotForRole("all", ["Practice manager"]),
    );
    expect(await ask("ben", "prefs")).to.match(/arrivals off/);
    expect(await ask("ben", "prefs loud on")).to.match(/^There is no setting "loud"/);
  });

  it("history shows arrivals to people who receive them", async () => {
    expect(await ask("anna", "history")).to.equal(said.historyShown);
    expect(await ask("ben", "history")).to.equal(said.noArrivals);
    expect(command.toggled).to.deep.equal(["anna"]);
  });

  it("audit is for administrators, in the admin room, and answers there", async () => {
    const made = await house.database.query<{ id: string }>(
      "INSERT INTO conversations (kind, natural_key) VALUES ('admin', 'admin') RETURNING id",
    );
    const admin = made.rows[0]?.id ?? "";
    const room = await house.giveRoom(admin as never, [id("boss")]);
    expect(await ask("boss", "audit")).to.match(/^I do not know "audit"/);
    const asked = await house.say(room, "boss", "audit --repair");
    await house.say(room, "anna", "audit");
    expect(command.audits).to.deep.equal([{ by: "boss", event: asked, repair: true }]);
    expect((await house.sent(admin)).map((send) => send.content.body)).to.deep.equal([said.auditStarted]);
  });

  it("reports a command that is too long, and handles hostile ones in linear time", async () => {
    await house.staff({
      users: ["anna", "ben", "boss", ...Array.from({ length: 60 }, (_, index) => `person.${index}`)],
    });
    const unfinished = '<a href="https://matrix.to/#/@ht_ben:practice.test">';
    const hostile: Record<string, (size: number) => [string, object?]> = {
      "blanks in quotation marks": (size) => [`who "a${" ".repeat(size)}b"`],
      letters: (size) => [`who ${"a".repeat(size)}`],
      "unfinished mentions": (size) => ["who", { formatted_body: `who ${repeated(unfinished, size)}` }],
      brackets: (size) => ["who", { formatted_body: `who ${unfinished}Ben</a>${"<".repeat(size)}` }],
      quotations: (size) => [`${repeated("> x\n", size)}who`],
      "people mentioned": (size) => [
        "who person",
        { "m.mentions": { user_ids: Array.from({ length: size / 25 }, () => id("person.1")) } },
      ],
    };
    for (const [what, text] of Object.entries(hostile)) {
      await expectLinear(15_000, text, ([body, more]) =>
        house.event({
          room: control("anna"),
          sender: id("anna"),
          type: "m.room.message",
          content: { msgtype: "m.text", body, ...more },
        }),
      ).catch((error: unknown) => {
        throw new Error(`${what}: ${error instanceof Error ? error.message : error}`);
      });
    }
    const tooLong = said.tooLong(2_000);
    expect(tooLong).to.match(/^That is too long for me\. Write at most 2,000 characters/);
    expect(await ask("anna", `who ${"a".repeat(60_000)}`)).to.equal(tooLong);
    expect(await ask("anna", `who "a${" ".repeat(40_000)}b"`)).to.equal(tooLong);
    expect(await ask("anna", `who ${"a".repeat(1_500)}`)).to.equal(
      said.unknownName("a".repeat(1_500), undefined),
    );
    expect(said.unknownName("a".repeat(1_500), undefined)).to.have.length.below(200);
    expect(await ask("anna", "x", { formatted_body: `who ${unfinished}` })).to.include("Ben");
  });
});
