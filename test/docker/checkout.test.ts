/** A clone on a machine where git converts line endings. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { noClone, run, unless } from "../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../..");

const { it } = unless(noClone());

describe("a clone", () => {
  for (const settings of [["core.autocrlf=true"], ["core.autocrlf=false", "core.eol=crlf"]]) {
    it(`has the line endings that shells and generated files need, with ${settings.join(" and ")}`, async function () {
      this.timeout(60_000);
      const clone = mkdtempSync(join(tmpdir(), "whisper-clone-"));
      try {
        const told = settings.flatMap((setting) => ["-c", setting]);
        await run("git", [...told, "clone", "--quiet", "--no-local", ...told, `file://${ROOT}`, clone]);
        const { stdout: files } = await run("git", ["ls-files", "--eol"], { cwd: clone });
        expect(files.split("\n").filter((line) => /w\/(?:crlf|mixed)/.test(line))).to.deep.equal([]);
        expect((await run("git", ["status", "--porcelain"], { cwd: clone })).stdout).to.equal("");
        await run("sh", ["docker/prepare.sh", "chat.practice.example", "P"], { cwd: clone });
        expect(existsSync(join(clone, "docker/secrets/policy_token"))).to.equal(true);
      } finally {
        rmSync(clone, { recursive: true, force: true });
      }
    });
  }
});
