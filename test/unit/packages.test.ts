/** The npm packages: they are the ones that were chosen, and unmaintained ones are left out. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import product from "../../package.json" with { type: "json" };
import { run, unless } from "../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../..");
interface Entry {
  readonly link?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
}
const lock: { packages: Record<string, Entry> } = JSON.parse(
  readFileSync(join(ROOT, "package-lock.json"), "utf8"),
);

describe("the packages", () => {
  it("are pinned: one version each, and a digest that npm ci checks", () => {
    for (const [name, version] of Object.entries({ ...product.dependencies, ...product.devDependencies }))
      expect(version, name).to.match(/^(?:\d+\.\d+\.\d+[\w.-]*|file:\.\/vendor\/[\w-]+)$/);
    for (const [path, { link, optional, integrity }] of Object.entries(lock.packages)) {
      // npm omits the digest for systems other than the one the lock was made on.
      if (link || optional || !path.startsWith("node_modules/") || path.includes("/vendor/")) continue;
      expect(integrity, path).to.match(/^sha512-/);
    }
  });

  it("that nobody maintains are left out, though libraries require them (docs/decisions/left-out-packages.md)", () => {
    for (const name of [
      "request",
      "request-promise",
      "nedb",
      "htmlencode",
      "underscore",
      "@scarf/scarf",
      "postman-collection",
    ]) {
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

  const npm = execFileSync("npm", ["--version"], { encoding: "utf8", cwd: ROOT }).trim();
  const { it: itWithNpm10 } = unless(
    Number(npm.split(".")[0]) < 10 && `npm ${npm} makes no bill of materials`,
  );
  itWithNpm10("are listed by npm run sbom, without the network", async function () {
    this.timeout(60_000);
    const { stdout } = await run("npm", ["run", "--silent", "sbom"], {
      cwd: ROOT,
      maxBuffer: 1 << 26,
      // Nothing listens there, so any request to a registry fails.
      env: { ...process.env, npm_config_registry: "http://127.0.0.1:9/" },
    });
    const bill: { bomFormat: string; components: { name: string; version: string; licenses?: unknown }[] } =
      JSON.parse(stdout);
    expect(bill.bomFormat).to.equal("CycloneDX");
    const listed = bill.components.map(({ name, version }) => `${name}@${version}`);
    for (const [name, version] of Object.entries(product.dependencies))
      if (!version.startsWith("file:")) expect(listed).to.include(`${name}@${version}`);
  });
});
