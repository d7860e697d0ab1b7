/** The container's Synapse without the container: started by its own script, with its own settings. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { answers, type RunningProcess, startProcess, waitUntilReady } from "../../dev/base/processes.ts";
import { freePort } from "../../dev/stack/ports.ts";
import { toYaml } from "../../dev/synapse/synapse.ts";
import { synapsePython } from "../../dev/synapse/venv.ts";
import { run } from "../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("docker/synapse", function () {
  this.timeout(120_000);
  let directory: string;
  let child: RunningProcess | undefined;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), "whisper-docker-synapse-"));
  });
  after(async () => {
    await child?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it("starts with settings without secrets, and makes Whisper's bot an administrator", async () => {
    const port = await freePort();
    const at = (...path: readonly string[]) => join(directory, ...path);
    for (const name of ["secrets", "lib", "run", "whisper"]) mkdirSync(at(name));
    for (const name of [
      "synapse_database_password",
      "policy_token",
      "synapse_macaroon_secret",
      "synapse_form_secret",
      "synapse_registration_secret",
    ]) {
      writeFileSync(at("secrets", name), `${name}-0123456789\n`);
    }

    // The environment of the services `registration` and `bot`.
    const environment = {
      ...process.env,
      WHISPER_CONFIG: at("whisper.yaml"),
      WHISPER_HOMESERVER__SERVER_NAME: "practice.example",
      WHISPER_HOMESERVER__PUBLIC_URL: "https://chat.practice.example",
      WHISPER_PUBLIC_URL: "https://chat.practice.example",
      WHISPER_PRACTICE__NAME: "Wattle Street",
      WHISPER_DATABASE__URL: "postgres://whisper:x@postgres:5432/whisper",
      WHISPER_POLICY__TOKEN_FILE: at("secrets/policy_token"),
      WHISPER_HOMESERVER__URL: `http://127.0.0.1:${port}`,
      WHISPER_APPSERVICE__REGISTRATION: at("whisper/registration.yaml"),
      REGISTRATION_SECRET_FILE: at("secrets/synapse_registration_secret"),
    };
    writeFileSync(at("whisper.yaml"), readFileSync(join(ROOT, "docker/whisper.yaml")));
    const whisper = (file: string, ...args: readonly string[]) =>
      run(process.execPath, [join(ROOT, file), ...args], { env: environment });
    await whisper("src/cli.ts", "generate-registration", "--url", "http://whisper:9000");
    expect(parse(readFileSync(at("whisper/registration.yaml"), "utf8")).url).to.equal("http://whisper:9000");

    // The container's paths become paths of the test. psycopg2 is only in the container.
    const text = readFileSync(join(ROOT, "docker/synapse/homeserver.yaml"), "utf8")
      .replaceAll("/run/secrets", at("secrets"))
      .replaceAll("/var/lib/synapse", at("lib"))
      .replaceAll("/var/lib/whisper", at("whisper"))
      .replaceAll("/etc/synapse", join(ROOT, "docker/synapse"));
    const settings = parse(text, { version: "1.1" });
    settings.database = { name: "sqlite3", args: { database: at("lib/homeserver.db") } };
    settings.listeners[0].port = port;
    settings.listeners[0].bind_addresses = ["127.0.0.1"];
    writeFileSync(at("homeserver.yaml"), toYaml(settings));
    const python = await synapsePython(() => undefined);
    chmodSync(at("run"), 0o700);

    child = await startProcess({
      name: "Synapse",
      command: join(ROOT, "docker/synapse/start.sh"),
      args: [],
      cwd: directory,
      logFile: at("log"),
      env: {
        PATH: `${dirname(python)}:/usr/bin:/bin`,
        PYTHONPATH: join(ROOT, "docker/synapse"),
        SERVER_NAME: "practice.example",
        PUBLIC_URL: "https://chat.practice.example",
        SYNAPSE_SETTINGS: at("homeserver.yaml"),
        SYNAPSE_SECRETS: at("secrets"),
        SYNAPSE_RUN: at("run"),
      },
    });
    const url = `http://127.0.0.1:${port}`;
    await waitUntilReady(child, () => answers(`${url}/health`), 60_000);
    expect(existsSync(at("lib/signing.key"))).to.equal(true);
    expect(readFileSync(at("run/pgpass"), "utf8")).to.equal(
      "postgres:5432:synapse:synapse:synapse_database_password-0123456789\n",
    );
    const wellKnown = await (await fetch(`${url}/.well-known/matrix/client`)).json();
    expect(wellKnown)
      .to.have.property("m.homeserver")
      .that.deep.equals({ base_url: "https://chat.practice.example/" });

    for (const time of ["first", "second"]) {
      const { stdout } = await whisper("docker/make-bot-administrator.ts");
      expect(stdout, time).to.contain("@whisper:practice.example is an administrator");
    }
    const { as_token } = parse(readFileSync(at("whisper/registration.yaml"), "utf8"));
    const users = await fetch(`${url}/_synapse/admin/v2/users?limit=10`, {
      headers: { authorization: `Bearer ${as_token}` },
    });
    expect(users.status).to.equal(200);
    const { users: found } = (await users.json()) as {
      users: { name: string; admin: boolean; deactivated: boolean }[];
    };
    expect(found.filter((user) => user.admin && !user.deactivated).map((user) => user.name)).to.deep.equal([
      "@whisper:practice.example",
    ]);
  });

  it("says what is missing if it is started without its names", async () => {
    const failure = await run(join(ROOT, "docker/synapse/start.sh"), [], {
      env: { PATH: "/usr/bin:/bin" },
    }).then(
      () => "",
      (error: { stderr: string }) => error.stderr,
    );
    expect(failure).to.contain("SERVER_NAME").and.contain("prepare.sh");
  });
});
