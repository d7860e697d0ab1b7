import { expect } from "chai";
import { commandsOf } from "../../../src/commands/commands.ts";
import { commandEvents } from "../../../src/commands/events.ts";
import { editConversation } from "../../../src/conversations/groups/edit.ts";
import { openConversation } from "../../../src/conversations/open.ts";
import { directoryChanged } from "../../../src/conversations/record/queue-checks.ts";
import { takeChanges } from "../../../src/directory/change-log.ts";
import { readPreferences } from "../../../src/directory/preferences.ts";
import * as said from "../../../src/messages/words.ts";
import type { RoomId, Username } from "../../../src/policy/model.ts";
import * as words from "../../../src/policy/words.ts";
import { expectLinear, repeated } from "../../support/growth.ts";
import { type House, handle, id, openHouse } from "../../support/practice/conversations.ts";

describe("commands", () => {
  let house: House;
  const rooms = new Map<string, RoomId>();
  const toggled: string[] = [];
  const audits: object[] = [];

  before(async () => {
    house = await openHouse((dependencies) => [
      commandEvents({
        ...dependencies,
        commands: commandsOf({
          open: (tx, request) => openConversation(dependencies, tx, request),
          edit: (tx, group, request) => editConversation(dependencies, tx, group, request),
          changes: { changed: directoryChanged },
          toggleArrivals: async (_, username) => void toggled.push(username),
          startAudit: async (_, asked) => void audits.push(asked),
        }),
      }),
    ]);
    await house.staff({
      users: [
        {
          username: "anna",
          name: "Dr Anna Jones",
          role: "GP",
          email: "anna@practice.test",
          mobile: "0400 000 001",
          doctor: true,
        },
        { username: "ben", name: "Ben Okafor", locations: ["North", "South"] },
        { username: "cara", name: "Cara Li" },
        { username: "cara.2", name: "Cara Li" },
        { username: "boss", name: "The Boss", permissions: ["AccessWhisper", "WhisperAdmin"] },
        { username: "gone", name: "Gone Away", active: false },
        { username: "dr.nair", name: "Dr Priya Nair", role: "General practitioner, skin and eyes" },
        { username: "mr.nair", name: "Mr Arjun Nair" },
        { username: "sean", name: "Seán O'Brien-Łukasz" },
      ],
      groups: { Doctors: ["anna"], Nurses: ["ben", "cara"], "HMS-Administrator": ["boss"] },
    });
    for (const username of ["anna", "ben", "boss"]) {
      await house.database.query(
        "INSERT INTO conversations (kind, natural_key, username) VALUES ('control', 'control:' || $1::text, $1)",
        [username],
      );
      rooms.set(username, await house.giveRoom((await house.controlOf(username)) as never, [id(username)]));
    }
  });
  after(() => house.close());

  const control = (username: string): RoomId => rooms.get(username) ?? ("!none" as RoomId);
  const answers = async (username: string) =>
    (await house.sent(await house.controlOf(username))).map((send) => send.content);
  /** Writes to Whisper and gives its answer. */
  const ask = async (username: string, body: string, more: object = {}): Promise<string | undefined> => {
    const before = (await answers(username)).length;
    const content = { msgtype: "m.text", body, ...more };
    await house.event({ room: control(username), sender: id(username), type: "m.room.message", content });
    return (await answers(username))
      .slice(before)
      .map((answer) => answer.body)
      .join("\n---\n");
  };

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

  it("answers what it does not know with the nearest that it does", async () => {
    expect(await ask("anna", "hlep")).to.equal(said.unknownCommand("hlep", "help"));
    expect(await ask("anna", "xyzzy plugh")).to.equal(said.unknownCommand("xyzzy", undefined));
    expect(await ask("anna", "add ben")).to.equal(
      said.usage("add <people and groups> to <group>", 'add dr.jones to "Night shift"'),
    );
  });

  it("answers once, however often the event is handled, and says nothing to what is no text", async () => {
    await ask("anna", "help");
    const before = (await answers("anna")).length;
    await house.database.query("UPDATE inbox SET handled_at = NULL WHERE room_id = $1", [control("anna")]);
    await ask("anna", "a picture", { msgtype: "m.image" });
    await ask("anna", "* help", { "m.relates_to": { rel_type: "m.replace", event_id: "$x" } });
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

  it("why explains through what somebody is a member", async () => {
    await house.opened("anna", { users: ["ben"], groups: ["Doctors", "Nurses"] }, "Whys");
    expect(await ask("anna", "why ben in Whys")).to.equal(
      `${said.isMember("Ben Okafor", "Whys (custom group)")}\n• added directly\n• through Nurses (group)`,
    );
    expect(await ask("anna", "why Whys")).to.include("• through Doctors (group)");
    expect(await ask("anna", "why boss in Whys")).to.equal(said.notMember("The Boss", "Whys (custom group)"));
    expect(await ask("anna", "why in doctors")).to.include(said.bySecurityGroup);
  });

  it("who gives the e-mail address and the mobile number", async () => {
    expect(await ask("ben", "who Dr Anna Jones")).to.equal(
      "Dr Anna Jones · GP\nE-mail: anna@practice.test\nMobile: 0400 000 001",
    );
    expect(await ask("anna", "who ben")).to.equal(
      `Ben Okafor\n${said.noEmail}\n${said.noMobile}\nAt North, South`,
    );
    expect(await ask("anna", "who gone")).to.include(said.leftPractice);
    expect(await ask("anna", "who %nurses")).to.equal(said.notAPerson("nurses"));
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

  it("who takes nobody for somebody else", async () => {
    expect(await ask("anna", "who Mr Nair")).to.match(/^Mr Arjun Nair\n/);
    expect(await ask("anna", "who Prof Nair")).to.match(/^I can't find a person/);
    expect(await ask("anna", "who Mr Priya Nair")).to.match(/^I can't find a person/);
    expect(await ask("anna", "who Nair")).to.match(/^I can't find a person/);
    expect(await ask("anna", "who Cara Li · Nurse")).to.match(/^Several|^There are|cara.2/);
  });

  it("takes a mention inside quotation marks, or with a mark after it, for the mention", async () => {
    const mention = (who: string, name: string) => `<a href="https://matrix.to/#/${who}">${name}</a>`;
    const asked = async (html: string) => ask("anna", "x", { formatted_body: html });
    expect(await asked(`who "${mention(id("ben"), "Ben Okafor")}"`)).to.match(/^Ben Okafor\n/);
    expect(await asked(`who „${mention(id("ben"), "Ben Okafor")}“?`)).to.match(/^Ben Okafor\n/);
    expect(await asked(`who ${mention(id("ben"), "Ben Okafor")}?`)).to.match(/^Ben Okafor\n/);
  });

  it("understands the quotation marks of every keyboard around groups, and keeps their names clean", async () => {
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

  it("? alone in an individual conversation tells the asker, and nobody else, about the other", async () => {
    const { room } = await house.opened("anna", { users: ["ben"] });
    const before = await answers("ben");
    await house.say(room, "ben", " ? ");
    await house.say(room, "ben", "Really?");
    const after = await answers("ben");
    expect(after).to.have.lengthOf(before.length + 1);
    expect(after.at(-1)?.body).to.include("Mobile: 0400 000 001");
    const { room: group } = await house.opened("anna", { groups: ["Doctors"] });
    await house.say(group, "anna", "?");
    expect(await answers("ben")).to.have.lengthOf(after.length);
  });

  it("prefs shows and changes the asker's settings, and follows them up", async () => {
    const following = () => house.database.transaction((tx) => takeChanges(tx, 100));
    await following();
    expect(await ask("ben", "prefs never-receive on")).to.include("• never-receive on");
    expect(await readPreferences(house.database, "ben" as Username)).to.include({ never_receive: true });
    expect(await following()).to.deep.equal([{ kind: "user", subject: "ben" }]);
    expect(await house.takeJobs("conversations")).to.have.length(1);
    await ask("ben", "prefs never_receive OFF");
    await ask("ben", "prefs arrivals location");
    expect(await ask("ben", "prefs")).to.match(/never-receive off.*arrivals location/s);
    expect(await ask("ben", "prefs arrivals default")).to.match(/arrivals off/);
    expect(await ask("ben", "prefs arrivals sometimes")).to.equal(
      said.settingTakes("arrivals", ["off", "own", "location", "all", "default"]),
    );
    expect(await ask("ben", "prefs loud on")).to.match(/^There is no setting "loud"/);
  });

  it("history shows the arrivals of those who receive them", async () => {
    expect(await ask("anna", "history")).to.equal(said.historyShown);
    expect(await ask("ben", "history")).to.equal(said.noArrivals);
    expect(toggled).to.deep.equal(["anna"]);
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
    expect(audits).to.deep.equal([{ by: "boss", event: asked, repair: true }]);
    expect((await house.sent(admin)).map((send) => send.content.body)).to.deep.equal([said.auditStarted]);
  });

  it("says so of a command that is too long, and takes what is hostile in no more time than its length", async () => {
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
