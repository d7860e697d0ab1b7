/** The `whisper` command, as a shell runs it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import product from "../../package.json" with { type: "json" };
import { run } from "../support/programs.ts";

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
      "dev/whisper.ts",
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

describe("packages that are no longer maintained", () => {
  it("are left out of what is installed, though libraries name them (docs/decisions/left-out-packages.md)", () => {
    const lock: { packages: Record<string, { link?: boolean; resolved?: string }> } = JSON.parse(
      readFileSync(join(ROOT, "package-lock.json"), "utf8"),
    );
    for (const name of ["request", "request-promise", "nedb", "htmlencode", "underscore"]) {
      const found = Object.entries(lock.packages).filter(([path]) => path.endsWith(`node_modules/${name}`));
      for (const [path, { link, resolved }] of found) {
        expect({ path, link, is: resolved?.replace(/.*\//, "") }).to.deep.equal({
          path,
          link: true,
          is: "left-out",
        });
      }
    }
  });
});
