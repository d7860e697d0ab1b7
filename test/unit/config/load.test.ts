import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { stringify } from "yaml";
import { exampleConfig } from "../../../src/config/example.ts";
import { ConfigError, loadConfig } from "../../../src/config/load.ts";

const GOOD = {
  homeserver: {
    url: "http://127.0.0.1:8009",
    public_url: "https://chat.practice.example/",
    server_name: "practice.example",
  },
  database: { url: "postgres://whisper:hunter2@db/whisper" },
  policy: { token: "a-policy-token" },
  public_url: "https://whisper.practice.example",
  practice: { name: "Test practice" },
};

describe("the configuration", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "whisper-config-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const written = (content: unknown): string => {
    const file = join(folder, "whisper.yaml");
    writeFileSync(file, typeof content === "string" ? content : stringify(content));
    return file;
  };
  const load = (content: unknown, environment: NodeJS.ProcessEnv = {}) =>
    loadConfig(written(content), environment);
  const problemsOf = (content: unknown, environment: NodeJS.ProcessEnv = {}): readonly string[] => {
    try {
      load(content, environment);
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  };

  it("fills in what is not said, and takes slashes off addresses", () => {
    const config = load(GOOD);
    expect(config.homeserver).to.deep.equal({
      ...GOOD.homeserver,
      public_url: "https://chat.practice.example",
      user_prefix: "ht_",
      bot: "whisper",
    });
    expect(config.listen).to.deep.equal({ port: 9000, bind: "127.0.0.1" });
    expect(config.practice.timezone).to.equal("Australia/Sydney");
    expect(config.conversations.archive_after).to.equal(3 * 86_400_000);
  });

  for (const zone of ["Australia/Canberra", "Etc/UTC", "UTC", "Australia/NSW", "GMT", "Asia/Calcutta"]) {
    it(`takes the time zone ${zone}, which the runtime resolves`, () => {
      const practice = { name: "Test", timezone: zone, locations: { "Broken Hill": { timezone: zone } } };
      expect(load({ ...GOOD, practice }).practice).to.deep.equal(practice);
    });
  }

  for (const [zone, meant] of [
    ["Australia/Pert", "Australia/Perth"],
    ["Brisbane", "Australia/Brisbane"],
    ["Australia/Sidney", "Australia/Sydney"],
    ["Broken Hill", "Australia/Broken_Hill"],
    ["nowhere at all", "Australia/Sydney"],
  ]) {
    it(`refuses the time zone ${zone}, and asks whether ${meant} was meant`, () => {
      const practice = { name: "Test", timezone: zone, locations: { "Site B": { timezone: zone } } };
      const said = `must be an IANA time zone; did you mean ${meant}?`;
      expect(problemsOf({ ...GOOD, practice })).to.deep.equal([
        `practice.timezone: ${said}`,
        `practice.locations.Site B.timezone: ${said}`,
      ]);
    });
  }

  it("reads the registration from the folder of the file", () => {
    expect(load(GOOD).appservice.registration).to.equal(join(folder, "registration.yaml"));
    expect(load({ ...GOOD, appservice: { registration: "/etc/r.yaml" } }).appservice.registration).to.equal(
      "/etc/r.yaml",
    );
  });

  it("takes a section that holds comments only for one that says nothing", () => {
    const config = load(`${stringify(GOOD)}\nlog:\n  # level: debug\n`);
    expect(config.log.level).to.equal("info");
  });

  it("refuses an unknown key by its path, with the key that was meant", () => {
    expect(problemsOf({ ...GOOD, homeserver: { ...GOOD.homeserver, server_nam: "x" } })).to.deep.equal([
      "homeserver.server_nam: there is no such key; did you mean homeserver.server_name?",
    ]);
    expect(problemsOf({ ...GOOD, practise: {} })).to.deep.equal([
      "practise: there is no such key; did you mean practice?",
    ]);
    expect(problemsOf({ ...GOOD, colours: true })).to.deep.equal([
      "colours: there is no such key; remove it",
    ]);
  });

  it("names every problem at once", () => {
    const { database: _, ...rest } = GOOD;
    expect(
      problemsOf({ ...rest, listen: { port: "many" }, arrivals: { stale_after: "a while" } }),
    ).to.have.lengthOf(3);
  });

  it("says of a missing key that it is missing, with its path", () => {
    const { practice: _, ...rest } = GOOD;
    expect(problemsOf(rest)).to.deep.equal(["practice: is missing; put in a value"]);
    expect(problemsOf({ ...GOOD, homeserver: { url: "http://hs", public_url: "http://hs" } })).to.deep.equal([
      "homeserver.server_name: is missing; put in a value",
    ]);
  });

  it("refuses a placeholder that nobody has replaced, wherever one stands in the example", () => {
    const problems = problemsOf(exampleConfig());
    const paths = problems.map((problem) => problem.split(":")[0]);
    expect(paths.sort()).to.deep.equal(
      [
        "database.url",
        "homeserver.public_url",
        "homeserver.server_name",
        "policy.token",
        "practice.name",
        "public_url",
      ].sort(),
    );
    for (const problem of problems) expect(problem).to.match(/placeholder/);
  });

  it("says what to do about a file that is not there or is not YAML", () => {
    expect(() => loadConfig(join(folder, "none.yaml"), {})).to.throw(
      ConfigError,
      "config/whisper.example.yaml",
    );
    expect(() => load("homeserver: [")).to.throw(ConfigError, "whisper.yaml cannot be used");
  });

  it("refuses a time zone, an address or a duration that is none", () => {
    const wrong = { ...GOOD, public_url: "ftp://x", practice: { name: "P", timezone: "Sydney" } };
    expect(problemsOf(wrong).map((problem) => problem.split(":")[0])).to.have.members([
      "public_url",
      "practice.timezone",
    ]);
    const [duration] = problemsOf({ ...GOOD, conversations: { archive_after: "3 days" } });
    expect(duration).to.equal("conversations.archive_after: write a number and a unit: 90s, 10m, 12h, 3d");
  });

  it("prints secrets as ***, however they are written out", () => {
    const config = load(GOOD);
    for (const text of [JSON.stringify(config), inspect(config, { depth: 9 }), `${config.database.url}`]) {
      expect(text).to.include("***");
      expect(text).not.to.match(/hunter2|a-policy-token/);
    }
    expect(config.database.url.reveal()).to.equal(GOOD.database.url);
  });

  it("never prints a secret that is wrong", () => {
    expect(problemsOf({ ...GOOD, policy: { token: "CHANGE_ME hunter2" } }).join()).not.to.include("hunter2");
  });

  for (const url of [
    "mysql://u:p@db/whisper",
    "db/whisper",
    "postgres//db",
    "postgres://u:a%zz@db/w",
    "postgres://u:a#b@db:x/w",
    "postgres://u:p @db/w",
  ]) {
    it(`refuses a database that is not PostgreSQL's, or cannot be read: ${url}`, () => {
      expect(problemsOf({ ...GOOD, database: { url } }).join()).to.match(
        /^database\.url: .*postgres:\/\/user/,
      );
    });
  }
  for (const url of [
    "postgresql://db/w",
    "postgres:///w?host=/run/postgresql",
    "postgres://u:%23%2F@[::1]:5433/w",
  ]) {
    it(`takes every way to name PostgreSQL: ${url}`, () => {
      expect(load({ ...GOOD, database: { url } }).database.url.reveal()).to.equal(url);
    });
  }

  it("says of text that YAML reads as something else that it needs quotes", () => {
    expect(problemsOf({ ...GOOD, practice: { name: 360 } })).to.deep.equal([
      "practice.name: is read as a number; put it in quotes",
    ]);
    expect(problemsOf({ ...GOOD, metrics: { token: true } }).join()).to.contain("put it in quotes");
  });

  describe("from the environment", () => {
    it("wins over the file, with numbers and lists as YAML has them", () => {
      const config = load(GOOD, {
        WHISPER_LISTEN__PORT: "9123",
        WHISPER_PRACTICE__NAME: "Another practice",
        WHISPER_PUBLIC_URL: "https://other.example",
        WHISPER_ARRIVALS__QUICK_REPLIES: '[{"key": "☕", "text": "Later."}]',
      });
      expect(config.listen.port).to.equal(9123);
      expect(config.practice.name).to.equal("Another practice");
      expect(config.public_url).to.equal("https://other.example");
      expect(config.arrivals.quick_replies).to.deep.equal([{ key: "☕", text: "Later." }]);
    });

    it("keeps what looks like something else as text", () => {
      expect(load(GOOD, { WHISPER_PRACTICE__NAME: "2026-01-01" }).practice.name).to.equal("2026-01-01");
    });

    it("reads a secret from a file named with _FILE", () => {
      const file = join(folder, "token");
      writeFileSync(file, "12345\n");
      expect(load(GOOD, { WHISPER_POLICY__TOKEN_FILE: file }).policy.token.reveal()).to.equal("12345");
    });

    it("refuses a variable that names no key", () => {
      expect(problemsOf(GOOD, { WHISPER_LISTEN__PROT: "1" })).to.deep.equal([
        "listen.prot: there is no such key; did you mean listen.port?",
      ]);
    });

    for (const text of [
      "12345678",
      "0123",
      "1e5",
      "true",
      "null",
      "[x]",
      "{y: 1}",
      "1.10",
      "# not a comment",
      "a: b",
    ]) {
      it(`is text where text is meant: ${text}`, () => {
        const config = load(GOOD, {
          WHISPER_METRICS__TOKEN: text,
          WHISPER_PRACTICE__NAME: text,
          WHISPER_POLICY__TOKEN: text,
        });
        expect(config.metrics.token?.reveal()).to.equal(text);
        expect(config.policy.token.reveal()).to.equal(text);
        expect(config.practice.name).to.equal(text);
      });
    }

    it("is a number, a list or a section where one is meant, from a file too", () => {
      const file = join(folder, "port");
      writeFileSync(file, "9123\n");
      const config = load(GOOD, {
        WHISPER_LISTEN__PORT_FILE: file,
        WHISPER_ARRIVALS__ESCALATION: "[{after: 5m, backup: practice.manager}]",
        WHISPER_GATE__LISTEN: "{port: 8123}",
      });
      expect(config.listen.port).to.equal(9123);
      expect(config.arrivals.escalation).to.deep.equal([{ after: 300_000, backup: "practice.manager" }]);
      expect(config.gate.listen?.port).to.equal(8123);
      expect(problemsOf(GOOD, { WHISPER_LISTEN__PORT: "90x0" }).join()).to.match(/^listen\.port: /);
    });

    it("names the variable whose file is not there, or whose list is none", () => {
      expect(problemsOf(GOOD, { WHISPER_POLICY__TOKEN_FILE: "/nowhere/token" })).to.deep.equal([
        "WHISPER_POLICY__TOKEN_FILE: the file /nowhere/token cannot be read",
      ]);
      expect(problemsOf(GOOD, { WHISPER_ARRIVALS__ESCALATION: "[{after: 5m" }).join()).to.match(
        /^WHISPER_ARRIVALS__ESCALATION: is not YAML/,
      );
    });

    it("leaves alone what is no path", () => {
      expect(problemsOf(GOOD, { WHISPER_CONFIG: "x.yaml" })).to.deep.equal([]);
    });
  });

  it("is what config/whisper.example.yaml shows (npm run generate writes it)", () => {
    const committed = readFileSync(new URL("../../../config/whisper.example.yaml", import.meta.url), "utf8");
    expect(committed).to.equal(exampleConfig());
  });

  it("is usable from the example once its placeholders are replaced and its comments taken away", () => {
    const filled = exampleConfig()
      .replaceAll("CHANGE_ME postgres", "postgres")
      .replaceAll("CHANGE_ME", "value")
      .replace(/^(\s*)# ([a-z_]+:( \S.*)?)$/gm, "$1$2");
    expect(problemsOf(filled)).to.deep.equal([]);
  });
});
