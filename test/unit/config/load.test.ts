import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { stringify } from "yaml";
import { exampleConfig } from "../../../src/config/example.ts";
import { ConfigError, loadConfig } from "../../../src/config/load.ts";
import { SMALLEST_CONFIG } from "../../support/config.ts";

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

  it("fills in defaults, and strips trailing slashes from addresses", () => {
    const config = load(SMALLEST_CONFIG);
    expect(config.homeserver).to.deep.equal({
      ...SMALLEST_CONFIG.homeserver,
      public_url: "https://chat.practice.example",
      user_prefix: "ht_",
      bot: "whisper",
    });
    expect(config.listen).to.deep.equal({ port: 9000, bind: "127.0.0.1" });
    expect(config.practice.timezone).to.equal("Australia/Sydney");
    expect(config.conversations.archive_after).to.equal(3 * 86_400_000);
  });

  for (const zone of ["Australia/Canberra", "Etc/UTC", "UTC", "Australia/NSW", "GMT", "Asia/Calcutta"]) {
    it(`accepts the time zone ${zone}, which the runtime resolves`, () => {
      const practice = { name: "Test", timezone: zone, locations: { "Broken Hill": { timezone: zone } } };
      expect(load({ ...SMALLEST_CONFIG, practice }).practice).to.deep.equal(practice);
    });
  }

  for (const [zone, meant] of [
    ["Australia/Pert", "Australia/Perth"],
    ["Brisbane", "Australia/Brisbane"],
    ["Australia/Sidney", "Australia/Sydney"],
    ["Broken Hill", "Australia/Broken_Hill"],
    ["nowhere at all", "Australia/Sydney"],
  ]) {
    it(`refuses the time zone ${zone}, and suggests ${meant}`, () => {
      const practice = { name: "Test", timezone: zone, locations: { "Site B": { timezone: zone } } };
      const said = `must be an IANA time zone; did you mean ${meant}?`;
      expect(problemsOf({ ...SMALLEST_CONFIG, practice })).to.deep.equal([
        `practice.timezone: ${said}`,
        `practice.locations.Site B.timezone: ${said}`,
      ]);
    });
  }

  it("reads the registration relative to the file's folder", () => {
    expect(load(SMALLEST_CONFIG).appservice.registration).to.equal(join(folder, "registration.yaml"));
    expect(
      load({ ...SMALLEST_CONFIG, appservice: { registration: "/etc/r.yaml" } }).appservice.registration,
    ).to.equal("/etc/r.yaml");
  });

  it("treats a section with only comments as empty", () => {
    const config = load(`${stringify(SMALLEST_CONFIG)}\nlog:\n  # level: debug\n`);
    expect(config.log.level).to.equal("info");
  });

  it("refuses an unknown key by its path, and suggests the right one", () => {
    expect(
      problemsOf({ ...SMALLEST_CONFIG, homeserver: { ...SMALLEST_CONFIG.homeserver, server_nam: "x" } }),
    ).to.deep.equal(["homeserver.server_nam: there is no such key; did you mean homeserver.server_name?"]);
    expect(problemsOf({ ...SMALLEST_CONFIG, practise: {} })).to.deep.equal([
      "practise: there is no such key; did you mean practice?",
    ]);
    expect(problemsOf({ ...SMALLEST_CONFIG, colours: true })).to.deep.equal([
      "colours: there is no such key; remove it",
    ]);
  });

  it("names every problem at once", () => {
    const { database: _, ...rest } = SMALLEST_CONFIG;
    expect(
      problemsOf({ ...rest, listen: { port: "many" }, arrivals: { stale_after: "a while" } }),
    ).to.have.lengthOf(3);
  });

  it("says that a missing key is missing, with its path", () => {
    const { practice: _, ...rest } = SMALLEST_CONFIG;
    expect(problemsOf(rest)).to.deep.equal(["practice: is missing; put in a value"]);
    expect(
      problemsOf({ ...SMALLEST_CONFIG, homeserver: { url: "http://hs", public_url: "http://hs" } }),
    ).to.deep.equal(["homeserver.server_name: is missing; put in a value"]);
  });

  it("refuses a placeholder that nobody has replaced, anywhere in the example", () => {
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

  it("says what to do about a file that is missing or not YAML", () => {
    expect(() => loadConfig(join(folder, "none.yaml"), {})).to.throw(
      ConfigError,
      "config/whisper.example.yaml",
    );
    expect(() => load("homeserver: [")).to.throw(ConfigError, "whisper.yaml cannot be used");
  });

  it("refuses an invalid time zone, address or duration", () => {
    const wrong = { ...SMALLEST_CONFIG, public_url: "ftp://x", practice: { name: "P", timezone: "Sydney" } };
    expect(problemsOf(wrong).map((problem) => problem.split(":")[0])).to.have.members([
      "public_url",
      "practice.timezone",
    ]);
    const [duration] = problemsOf({ ...SMALLEST_CONFIG, conversations: { archive_after: "3 days" } });
    expect(duration).to.equal("conversations.archive_after: write a number and a unit: 90s, 10m, 12h, 3d");
  });

  it("prints secrets as ***, however they are printed", () => {
    const config = load(SMALLEST_CONFIG);
    for (const text of [JSON.stringify(config), inspect(config, { depth: 9 }), `${config.database.url}`]) {
      expect(text).to.include("***");
      expect(text).not.to.match(/hunter2|a-policy-token/);
    }
    expect(config.database.url.reveal()).to.equal(SMALLEST_CONFIG.database.url);
  });

  it("never prints an invalid secret", () => {
    expect(problemsOf({ ...SMALLEST_CONFIG, policy: { token: "CHANGE_ME hunter2" } }).join()).not.to.include(
      "hunter2",
    );
  });

  for (const url of [
    "mysql://u:p@db/whisper",
    "db/whisper",
    "postgres//db",
    "postgres://u:a%zz@db/w",
    "postgres://u:a#b@db:x/w",
    "postgres://u:p @db/w",
  ]) {
    it(`refuses a database URL that is not for PostgreSQL, or cannot be parsed: ${url}`, () => {
      expect(problemsOf({ ...SMALLEST_CONFIG, database: { url } }).join()).to.match(
        /^database\.url: .*postgres:\/\/user/,
      );
    });
  }
  for (const url of [
    "postgresql://db/w",
    "postgres:///w?host=/run/postgresql",
    "postgres://u:%23%2F@[::1]:5433/w",
  ]) {
    it(`accepts every form of PostgreSQL URL: ${url}`, () => {
      expect(load({ ...SMALLEST_CONFIG, database: { url } }).database.url.reveal()).to.equal(url);
    });
  }

  it("says that text needs quotes if YAML reads it as something else", () => {
    expect(problemsOf({ ...SMALLEST_CONFIG, practice: { name: 360 } })).to.deep.equal([
      "practice.name: is read as a number; put it in quotes",
    ]);
    expect(problemsOf({ ...SMALLEST_CONFIG, metrics: { token: true } }).join()).to.contain(
      "put it in quotes",
    );
  });

  describe("from the environment", () => {
    it("overrides the file, with numbers and lists in YAML syntax", () => {
      const config = load(SMALLEST_CONFIG, {
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

    it("keeps text that looks like another type", () => {
      expect(load(SMALLEST_CONFIG, { WHISPER_PRACTICE__NAME: "2026-01-01" }).practice.name).to.equal(
        "2026-01-01",
      );
    });

    it("reads a secret from a file named with _FILE", () => {
      const file = join(folder, "token");
      writeFileSync(file, "12345\n");
      expect(load(SMALLEST_CONFIG, { WHISPER_POLICY__TOKEN_FILE: file }).policy.token.reveal()).to.equal(
        "12345",
      );
    });

    it("refuses a variable that matches no key", () => {
      expect(problemsOf(SMALLEST_CONFIG, { WHISPER_LISTEN__PROT: "1" })).to.deep.equal([
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
      it(`is text where the schema expects text: ${text}`, () => {
        const config = load(SMALLEST_CONFIG, {
          WHISPER_METRICS__TOKEN: text,
          WHISPER_PRACTICE__NAME: text,
          WHISPER_POLICY__TOKEN: text,
        });
        expect(config.metrics.token?.reveal()).to.equal(text);
        expect(config.policy.token.reveal()).to.equal(text);
        expect(config.practice.name).to.equal(text);
      });
    }

    it("is a number, a list or a section where the schema expects one, also from a file", () => {
      const file = join(folder, "port");
      writeFileSync(file, "9123\n");
      const config = load(SMALLEST_CONFIG, {
        WHISPER_LISTEN__PORT_FILE: file,
        WHISPER_ARRIVALS__ESCALATION: "[{after: 5m, backup: practice.manager}]",
        WHISPER_GATE__LISTEN: "{port: 8123}",
      });
      expect(config.listen.port).to.equal(9123);
      expect(config.arrivals.escalation).to.deep.equal([{ after: 300_000, backup: "practice.manager" }]);
      expect(config.gate.listen?.port).to.equal(8123);
      expect(problemsOf(SMALLEST_CONFIG, { WHISPER_LISTEN__PORT: "90x0" }).join()).to.match(
        /^listen\.port: /,
      );
    });

    it("names the variable whose file is missing, or whose list is invalid", () => {
      expect(problemsOf(SMALLEST_CONFIG, { WHISPER_POLICY__TOKEN_FILE: "/nowhere/token" })).to.deep.equal([
        "WHISPER_POLICY__TOKEN_FILE: the file /nowhere/token cannot be read",
      ]);
      expect(problemsOf(SMALLEST_CONFIG, { WHISPER_ARRIVALS__ESCALATION: "[{after: 5m" }).join()).to.match(
        /^WHISPER_ARRIVALS__ESCALATION: is not YAML/,
      );
    });

    it("leaves values that are not paths as they are", () => {
      expect(problemsOf(SMALLEST_CONFIG, { WHISPER_CONFIG: "x.yaml" })).to.deep.equal([]);
    });
  });

  it("matches config/whisper.example.yaml (npm run generate writes it)", () => {
    const committed = readFileSync(new URL("../../../config/whisper.example.yaml", import.meta.url), "utf8");
    expect(committed).to.equal(exampleConfig());
  });

  it("is valid once the example's placeholders are replaced and its comments removed", () => {
    const filled = exampleConfig()
      .replaceAll("CHANGE_ME postgres", "postgres")
      .replaceAll("CHANGE_ME", "value")
      .replace(/^(\s*)# ([a-z_]+:( \S.*)?)$/gm, "$1$2");
    expect(problemsOf(filled)).to.deep.equal([]);
  });
});
