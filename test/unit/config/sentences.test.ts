import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ConfigError, loadConfig, parseConfig, shapeOf } from "../../../src/config/load.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { SMALLEST_CONFIG } from "../../support/config.ts";

const problemsOf = (work: () => unknown): readonly string[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

/** SMALLEST_CONFIG with one value replaced. */
const withValue = (path: readonly string[], value: unknown): unknown => {
  const changed: Record<string, unknown> = structuredClone(SMALLEST_CONFIG);
  const [first = "", second] = path;
  if (second === undefined) changed[first] = value;
  else changed[first] = { ...(changed[first] as object | undefined), [second]: value };
  return changed;
};

const PATHS = Object.entries(shapeOf(configSchema) ?? {}).flatMap(([key, schema]) => [
  [key],
  ...Object.keys(shapeOf(schema) ?? {}).map((inner) => [key, inner]),
]);
const WRONG: readonly unknown[] = [
  "",
  " ",
  "x y",
  "nine",
  "0x50",
  "80.5",
  80.5,
  -1,
  99_999_999,
  true,
  [],
  [1],
  ["", {}],
  [{ key: "" }],
  {},
  { a: { b: 1 } },
  "http://[::1",
  "//x",
];
const VALIDATORS =
  /expected|received|invalid|too (small|big)|unrecogni[sz]ed|\bregex|pattern|>=|<=|undefined|NaN/i;

describe("the sentences for a wrong configuration", () => {
  for (const path of PATHS)
    it(`are Whisper's own: ${path.join(".")}`, () => {
      for (const value of WRONG)
        for (const problem of problemsOf(() => parseConfig(withValue(path, value), "whisper.yaml"))) {
          expect(problem, JSON.stringify(value)).not.to.match(VALIDATORS);
          expect(problem).to.match(/^[a-z_.0-9]+: [a-z]/);
        }
    });

  it("say what an address of the homeserver or its name looks like", () => {
    const said = (key: string, value: string) =>
      problemsOf(() => parseConfig(withValue(["homeserver", key], value), "whisper.yaml")).join();
    for (const url of [
      "http://::1:8008/",
      "localhost:8008",
      "http://h/?a=1",
      "http://u:p@h/",
      "http://h:99999",
      "http://h/#x",
    ])
      expect(said("url", url), url).to.match(/^homeserver\.url: write it as https:/);
    for (const url of ["http://[::1]:8008/", "http://[2001:db8::1]", "http://h/synapse//"])
      expect(said("url", url), url).to.equal("");
    for (const name of [
      "https://practice.example",
      "practice.example/",
      "practice example",
      "@x:practice.example",
      ":8448",
    ])
      expect(said("server_name", name), name).to.match(/^homeserver\.server_name: write it as in Synapse's/);
    for (const name of ["practice.example", "localhost", "practice.example:8448", "[::1]:8448", "192.0.2.1"])
      expect(said("server_name", name), name).to.equal("");
  });

  it("say that a practice's name is not blank, and show no control characters of it", () => {
    const named = (name: string) => parseConfig(withValue(["practice", "name"], name), "whisper.yaml");
    for (const name of ["   ", "\u200b", "\u202e"])
      expect(problemsOf(() => named(name))).to.deep.equal(["practice.name: must not be empty"]);
    expect(named("Har\u001b[31mbour\nClinic\u202e ").practice.name).to.equal("Har [31mbour Clinic");
  });
});

describe("variables of the environment", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "whisper-environment-"));
    writeFileSync(join(folder, "whisper.yaml"), JSON.stringify(SMALLEST_CONFIG));
  });
  after(() => rmSync(folder, { recursive: true }));
  const load = (environment: NodeJS.ProcessEnv) => loadConfig(join(folder, "whisper.yaml"), environment);
  const file = (bytes: string | Buffer) => {
    writeFileSync(join(folder, "value"), bytes);
    return join(folder, "value");
  };

  it("name keys at the top, too", () => {
    expect(load({ WHISPER_RETENTION: "20d" }).retention).to.equal(20 * 86_400_000);
    expect(problemsOf(() => load({ WHISPER_RETENTION: "20" })).join()).to.match(/^retention: write a number/);
    expect(load({ WHISPER_RETENTION_FILE: file("21d\n") }).retention).to.equal(21 * 86_400_000);
    expect(load({ WHISPER_PUBLIC_URL: "https://other.example" }).public_url).to.equal(
      "https://other.example",
    );
  });

  it("in which one underscore is missing are not passed over", () => {
    for (const [name, meant] of [
      ["WHISPER_METRICS_TOKEN", "WHISPER_METRICS__TOKEN"],
      ["WHISPER_HOMESERVER_SERVER_NAME", "WHISPER_HOMESERVER__SERVER_NAME"],
      ["WHISPER_DATABASE_URL_FILE", "WHISPER_DATABASE__URL_FILE"],
    ] as const)
      expect(problemsOf(() => load({ [name]: file("x") }))).to.deep.equal([
        `${name}: there is no such key; did you mean ${meant}?`,
      ]);
    expect(
      problemsOf(() => load({ WHISPER_CONFIG: "x", WHISPER_LOG_DIR: "y", WHISPER_HOME: "z" })),
    ).to.deep.equal([]);
  });

  it("whose file is no text are named", () => {
    for (const bytes of [
      Buffer.from("token", "utf16le"),
      Buffer.from([0xff, 0xfe, 0x41, 0]),
      Buffer.from("Z\xeb", "latin1"),
    ])
      expect(problemsOf(() => load({ WHISPER_METRICS__TOKEN_FILE: file(bytes) })).join()).to.match(
        /^WHISPER_METRICS__TOKEN_FILE: the file .* is no text in UTF-8/,
      );
    expect(load({ WHISPER_METRICS__TOKEN_FILE: file("\ufefftoken\r\n") }).metrics.token?.reveal()).to.equal(
      "token",
    );
  });
});
