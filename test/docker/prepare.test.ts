/** docker/prepare.sh: secrets, names, the certificate, file modes. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { readKeyFile } from "../../src/record/key-file.ts";
import { noClone, run, unless } from "../support/run/programs.ts";
import { compose, HOST, prepared } from "./docker-files.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("docker/prepare.sh", () => {
  const { directory } = prepared();
  after(() => rmSync(join(directory, ".."), { recursive: true, force: true }));
  const prepare = (...args: readonly string[]) => run("sh", [join(directory, "prepare.sh"), ...args]);

  it("creates every secret that compose.yaml names, all different, readable only inside", async () => {
    await prepare(HOST, "St Mary's Practice", "--self-signed");
    const made = readdirSync(join(directory, "secrets"));
    expect(made).to.have.members(
      Object.values(compose.secrets).map(({ file }) => file.replace("./secrets/", "")),
    );
    const texts = made.map((name) => readFileSync(join(directory, "secrets", name), "utf8").trim());
    expect(new Set(texts).size).to.equal(texts.length);
    for (const text of texts)
      expect(text).to.match(
        /^(?:\d{8}T\d{6} )?[0-9a-f]{64}$|^postgres:\/\/whisper:[0-9a-f]{64}@postgres:5432\/whisper$/,
      );
    expect(readKeyFile(join(directory, "secrets/audit_keys")).byId.size).to.equal(1);
    expect(statSync(join(directory, "secrets")).mode & 0o777).to.equal(0o700);
    expect(statSync(join(directory, "tls/key.pem")).mode & 0o077).to.equal(0);
    expect(readFileSync(join(directory, ".env"), "utf8")).to.contain('PRACTICE_NAME="St Mary\'s Practice"');
  });

  it("keeps existing files when it is run again", async () => {
    const before = readFileSync(join(directory, "secrets/policy_token"), "utf8");
    const { stdout } = await prepare("other.example", "Other");
    expect(stdout).to.contain("kept .env");
    expect(readFileSync(join(directory, "secrets/policy_token"), "utf8")).to.equal(before);
    expect(readFileSync(join(directory, ".env"), "utf8")).to.contain(HOST);
  });

  it("refuses invalid names", async () => {
    for (const args of [
      [],
      ["Upper.Example", "P"],
      ["-x", "P"],
      [HOST],
      [HOST, ""],
      [HOST, "a\nb"],
      ["a;b", "P"],
      [HOST, "it's $HOME"],
      [HOST, `$${"{HOME}"}`],
      [HOST, "P", "--selfsigned"],
      [HOST, "P", "--self-signed", "more"],
      [HOST, "P", "--timezone"],
    ]) {
      const failure = await prepare(...args).then(
        () => undefined,
        (error: { code: number }) => error.code,
      );
      expect(failure, args.join(" ")).to.equal(64);
    }
  });

  it("accepts the practice's name as it is written", async () => {
    for (const [name, line] of [
      ["360", "PRACTICE_NAME='360'"],
      ["[Northside] Family Practice", "PRACTICE_NAME='[Northside] Family Practice'"],
      ["null", "PRACTICE_NAME='null'"],
      ["#1: $HOME \\ Care 🏥", "PRACTICE_NAME='#1: $HOME \\ Care 🏥'"],
      ['The "Corner" Practice', "PRACTICE_NAME='The \"Corner\" Practice'"],
      ["O'Brien & Sons: Care", 'PRACTICE_NAME="O\'Brien & Sons: Care"'],
    ] as const) {
      rmSync(join(directory, ".env"));
      await prepare(HOST, name);
      expect(readFileSync(join(directory, ".env"), "utf8")).to.contain(`\n${line}\n`);
    }
  });

  it("asks for a time zone, and says which it chose if no one answers", async () => {
    rmSync(join(directory, ".env"));
    const { stdout } = await prepare(HOST, "P");
    expect(stdout).to.match(/The time zone is Australia\/\w+\. To use another, pass --timezone/);
    rmSync(join(directory, ".env"));
    expect((await prepare(HOST, "P", "--timezone", "Australia/Perth")).stdout).to.not.contain(
      "The time zone is",
    );
    expect(readFileSync(join(directory, ".env"), "utf8")).to.contain('TIMEZONE="Australia/Perth"');
  });

  it("creates a certificate for an address as for a name", async () => {
    for (const [host, subject] of [
      ["192.168.1.20", "IP Address:192.168.1.20"],
      ["10.chat.example", "DNS:10.chat.example"],
    ] as const) {
      rmSync(join(directory, "tls"), { recursive: true });
      await prepare(host, "P", "--self-signed");
      const { stdout } = await run("openssl", [
        "x509",
        "-noout",
        "-text",
        "-in",
        join(directory, "tls/certificate.pem"),
      ]);
      expect(stdout).to.contain(subject);
    }
  });

  it("makes files readable for containers, even in a clone made with umask 077", async () => {
    for (const name of ["postgres/databases.sh", "nginx/routes.conf", "nginx/headers.conf"]) {
      chmodSync(join(directory, name), 0o600);
    }
    await prepare(HOST, "P");
    expect(statSync(join(directory, "postgres/databases.sh")).mode & 0o777).to.equal(0o755);
    for (const name of readdirSync(join(directory, "nginx"))) {
      expect(statSync(join(directory, "nginx", name)).mode & 0o777, name).to.equal(0o644);
    }
  });

  unless(noClone()).it("leaves nothing that git would take", async () => {
    const { stdout } = await run(
      "git",
      ["check-ignore", "docker/.env", "docker/secrets/policy_token", "docker/tls/key.pem"],
      { cwd: ROOT },
    );
    expect(stdout.trim().split("\n")).to.have.length(3);
  });
});
