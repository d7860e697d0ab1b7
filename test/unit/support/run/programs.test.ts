/** A machine without a program that only tests need: `npm test` passes there, and says what it left out. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { run } from "../../../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const MOCHA = join(ROOT, "node_modules/mocha/bin/mocha.js");

/** Some tests that need `program`, one that runs on any machine, and one that fails when it runs. */
const spec = (program: string) => `
import { withProgram } from ${JSON.stringify(pathToFileURL(join(ROOT, "test/support/run/programs.ts")).href)};
const program = { name: "Lynx", commands: [{ command: [${JSON.stringify(program)}], version: "--version" }], aptPackage: "lynx" };
withProgram(program, ({ describe, command }) => {
  describe("a page", () => {
    before(() => { if (command[0] !== "node") throw new Error("must not run"); });
    it("opens", () => undefined);
    describe("inside", () => { it("closes", () => undefined); });
  });
});
describe("a table", () => {
  withProgram(program, ({ it }) => { it("is drawn", () => undefined); });
  it("is added up", () => undefined);
});
`;

describe("tests that need a program", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "whisper-programs-"));
    writeFileSync(join(directory, "here.test.mts"), spec("node"));
    writeFileSync(join(directory, "away.test.mts"), spec("/nowhere/lynx"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const mocha = async (environment: NodeJS.ProcessEnv, ...args: readonly string[]) => {
    const { NOTHING_LEFT_OUT: _ofThisRun, ...outer } = process.env;
    const env = { ...outer, ...environment };
    return (await run(process.execPath, [MOCHA, "--no-config", ...args], { cwd: ROOT, env })).stdout;
  };
  const namesIn = async (file: string) =>
    JSON.parse(await mocha({}, "--dry-run", "--reporter", "json", join(directory, file))).tests.map(
      (test: { fullTitle: string }) => test.fullTitle,
    );

  it("have the same names with or without it, so that `npm run coverage` prints the same", async () => {
    const here = await namesIn("here.test.mts");
    expect(here).to.have.members([
      "a page opens",
      "a page inside closes",
      "a table is drawn",
      "a table is added up",
    ]);
    expect(await namesIn("away.test.mts")).to.deep.equal(here);
  });

  it("run if it is installed", async () => {
    const report = await mocha(
      {},
      "--reporter",
      "test/support/run/reporter.ts",
      join(directory, "here.test.mts"),
    );
    expect(report.trimEnd().split("\n").at(-1)).to.equal("4 passed, 0 failed");
  });

  it("are skipped if it is missing, and the report says why, and how to run them", async () => {
    const report = await mocha(
      {},
      "--reporter",
      "test/support/run/reporter.ts",
      join(directory, "away.test.mts"),
    );
    expect(report.trimEnd().split("\n").slice(-2)).to.deep.equal([
      "3 left out: Lynx is missing (apt-get install --no-install-recommends lynx)",
      "1 passed, 0 failed, 3 left out",
    ]);
  });

  it("fail if it is missing where nothing may be skipped, as in CI", async () => {
    const report = await mocha({ NOTHING_LEFT_OUT: "1" }, join(directory, "away.test.mts")).then(
      () => "it passed",
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(report).to.contain("1 passing").and.contain("2 failing").and.contain("Lynx is missing");
  });
});
