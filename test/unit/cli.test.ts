/** The `whisper` command, run as a shell runs it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import product from "../../package.json" with { type: "json" };
import { run } from "../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLI = join(ROOT, product.bin.whisper);
const whisper = (...args: readonly string[]) => run(process.execPath, [CLI, ...args]);

describe("the command line", () => {
  it("prints its version", async () => {
    expect(await whisper("--version")).to.deep.equal({ stdout: `${product.version}\n`, stderr: "" });
  });

  it("loads all of its modules without a warning", async () => {
    const { stdout, stderr } = await whisper("--help");
    expect(stderr).to.equal("");
    expect(stdout).to.contain("check-config");
  });

  for (const version of ["20.20.2", "22.1.0", "18.0.0"])
    it(`says in one sentence that it needs a newer Node than ${version}`, async () => {
      const older = `data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"${version}"}})`;
      const said = await run(process.execPath, ["--import", older, CLI, "--version"]).catch(
        ({ stderr }: { stderr: string }) => stderr,
      );
      expect(said).to.match(/^Whisper needs Node 24 or later[^\n]+\n$/);
    });

  it("hides no warnings: Node is never told to be quiet", () => {
    for (const file of [
      "src/cli.ts",
      "src/whisper.cjs",
      "dev/stack/whisper.ts",
      "docker/Dockerfile",
      "dev/generate/coverage.ts",
      "package.json",
    ]) {
      expect(readFileSync(join(ROOT, file), "utf8"), file).to.not.match(
        /disable-warning|no-warnings|NO_WARNINGS/,
      );
    }
  });
});
