/** A read-only checkout, state in another user's folder, and a TMPDIR that does not exist. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { firstWritable } from "../../../dev/base/repository.ts";
import { openState } from "../../../dev/stack/state.ts";
import { run } from "../../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../../..");

describe("the folders that a checkout works in", () => {
  let folder: string;
  /** A file where a folder should be: no one, not even root, can write below it. */
  let blocked: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "whisper folders "));
    writeFileSync(join(folder, "file"), "");
    blocked = join(folder, "file", "below");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("are the first that can be created and written", () => {
    const good = join(folder, "a", "b");
    expect(firstWritable([blocked, good, join(folder, "later")])).to.equal(good);
    expect(existsSync(good)).to.equal(true);
    expect(existsSync(join(folder, "later"))).to.equal(false);
    expect(firstWritable([blocked])).to.equal(undefined);
  });

  it("are refused in one sentence, with the option that names another, if no state can be kept there", async () => {
    const said = await openState(blocked).then(
      () => "opened",
      (error: Error) => error.message,
    );
    expect(said).to.equal(`Nothing can be written to ${blocked}. Choose another folder: --state DIR`);
  });

  it("stop a test run whose TMPDIR is missing, and say so in one sentence", async () => {
    const mocha = join(ROOT, "node_modules/mocha/bin/mocha.js");
    const env = { ...process.env, TMPDIR: blocked };
    const said = await run(process.execPath, [mocha, "--dry-run", "test/unit/dev/ready.test.ts"], {
      cwd: ROOT,
      env,
    }).then(
      () => "ran",
      ({ stderr }: { stderr: string }) => stderr,
    );
    expect(said).to.equal(
      `TMPDIR is ${blocked}, where nothing can be written. Create that folder, or unset TMPDIR.\n`,
    );
  });
});
