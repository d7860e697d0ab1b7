/** The `whisper` command, as a shell runs it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import product from "../../package.json" with { type: "json" };
import { run } from "../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../..");
const CLI = join(ROOT, "src/cli.ts");
const whisper = (...args: readonly string[]) => run(process.execPath, [CLI, ...args]);

describe("the command line", () => {
  it("says its version", async () => {
    expect(await whisper("--version")).to.deep.equal({ stdout: `${product.version}\n`, stderr: "" });
  });

  it("loads everything that it is made of without a warning", async () => {
    const { stdout, stderr } = await whisper("--help");
    expect(stderr).to.equal("");
    expect(stdout).to.contain("check-config");
  });

  it("hides no warning either: nowhere is Node told to keep quiet", () => {
    for (const file of [
      "src/cli.ts",
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
