import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { run } from "../../../support/run/programs.ts";

describe("deprecation warnings", () => {
  let directory: string;
  const file = () => join(directory, "found");
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "deprecations-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Starts Node with the tests' environment, as the tests start any process. */
  const node = (script: string) =>
    run(process.execPath, ["-e", script], { env: { ...process.env, DEPRECATIONS_FILE: file() } });

  for (const [what, script] of [
    ["Node's own", "new Buffer(1)"],
    ["a library's", "require('node:util').deprecate(() => undefined, 'use another', 'DEP_OURS')()"],
  ] as const) {
    it(`from a process that the tests start are recorded: ${what}`, async () => {
      await node(script);
      expect(await readFile(file(), "utf8")).to.contain("DeprecationWarning");
    });
  }

  it("are not confused with other warnings", async () => {
    const { stderr } = await node("process.emitWarning('something else')");
    expect(stderr).to.contain("something else");
    expect(await readFile(file(), "utf8").catch(() => "none")).to.equal("none");
  });
});
