/** docker/ agrees with the code: with its ports, its settings, its secrets, its versions. */
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { homeserverConfig, POLICY_CALLBACKS } from "../../dev/synapse/homeserver-config.ts";
import { GATED_PATHS } from "../../src/appservice/gate/passage/gated-paths.ts";
import { SIGN_IN_PATH } from "../../src/appservice/gate/sign-in-page.ts";
import { exampleConfig } from "../../src/config/example.ts";
import { loadConfig, parseConfig } from "../../src/config/load.ts";
import { DOCKER_COMPOSE, run, withProgram } from "../support/run/programs.ts";

const ROOT = join(import.meta.dirname, "../..");
const DOCKER = join(ROOT, "docker");
const HOST = "chat.practice.example";
const read = (...path: readonly string[]) => readFileSync(join(ROOT, ...path), "utf8");

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly command?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly init?: boolean;
  readonly restart?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

// The anchors that services share are merged as Docker does it.
const compose = parse(read("docker/compose.yaml"), { merge: true }) as Compose;
const service = (name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
};

/** docker/ as prepare.sh leaves it, somewhere else. */
function prepared(): { readonly directory: string; readonly environment: Readonly<Record<string, string>> } {
  const directory = join(mkdtempSync(join(tmpdir(), "whisper-docker-")), "docker");
  cpSync(DOCKER, directory, {
    recursive: true,
    filter: (path) => !/\/docker\/(\.env|secrets|tls)$/.test(path),
  });
  return {
    directory,
    environment: {
      SERVER_NAME: HOST,
      PUBLIC_HOST: HOST,
      PRACTICE_NAME: "Wattle Street",
      TIMEZONE: "Australia/Perth",
    },
  };
}

describe("docker/prepare.sh", () => {
  const { directory } = prepared();
  after(() => rmSync(join(directory, ".."), { recursive: true, force: true }));
  const prepare = (...args: readonly string[]) => run("sh", [join(directory, "prepare.sh"), ...args]);

  it("makes every secret that compose.yaml names, all different, readable inside and closed outside", async () => {
    await prepare(HOST, "St Mary's Practice", "--self-signed");
    const made = readdirSync(join(directory, "secrets"));
    expect(made).to.have.members(
      Object.values(compose.secrets).map(({ file }) => file.replace("./secrets/", "")),
    );
    const texts = made.map((name) => readFileSync(join(directory, "secrets", name), "utf8").trim());
    expect(new Set(texts).size).to.equal(texts.length);
    for (const text of texts)
      expect(text).to.match(/^[0-9a-f]{64}$|^postgres:\/\/whisper:[0-9a-f]{64}@postgres:5432\/whisper$/);
    expect(statSync(join(directory, "secrets")).mode & 0o777).to.equal(0o700);
    expect(statSync(join(directory, "tls/key.pem")).mode & 0o077).to.equal(0);
    expect(readFileSync(join(directory, ".env"), "utf8")).to.contain('PRACTICE_NAME="St Mary\'s Practice"');
  });

  it("keeps what is there when it is run again", async () => {
    const before = readFileSync(join(directory, "secrets/policy_token"), "utf8");
    const { stdout } = await prepare("other.example", "Other");
    expect(stdout).to.contain("kept .env");
    expect(readFileSync(join(directory, "secrets/policy_token"), "utf8")).to.equal(before);
    expect(readFileSync(join(directory, ".env"), "utf8")).to.contain(HOST);
  });

  it("refuses names that cannot be", async () => {
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

  it("takes the practice's name as it is written", async () => {
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

  it("asks for a time zone, and says which it took when nobody answers", async () => {
    rmSync(join(directory, ".env"));
    const { stdout } = await prepare(HOST, "P");
    expect(stdout).to.match(/The time zone is Australia\/\w+\. To use another, pass --timezone/);
    rmSync(join(directory, ".env"));
    expect((await prepare(HOST, "P", "--timezone", "Australia/Perth")).stdout).to.not.contain(
      "The time zone is",
    );
    expect(readFileSync(join(directory, ".env"), "utf8")).to.contain('TIMEZONE="Australia/Perth"');
  });

  it("makes a certificate for an address as for a name", async () => {
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

  it("opens what containers read, also in a clone that was made under umask 077", async () => {
    for (const name of ["postgres/databases.sh", "nginx/routes.conf", "nginx/headers.conf"]) {
      chmodSync(join(directory, name), 0o600);
    }
    await prepare(HOST, "P");
    expect(statSync(join(directory, "postgres/databases.sh")).mode & 0o777).to.equal(0o755);
    for (const name of readdirSync(join(directory, "nginx"))) {
      expect(statSync(join(directory, "nginx", name)).mode & 0o777, name).to.equal(0o644);
    }
  });

  it("leaves nothing that git would take", async () => {
    const { stdout } = await run(
      "git",
      ["check-ignore", "docker/.env", "docker/secrets/policy_token", "docker/tls/key.pem"],
      { cwd: ROOT },
    );
    expect(stdout.trim().split("\n")).to.have.length(3);
  });
});

describe("docker/compose.yaml", () => {
  it("gives every service only secrets that there are, and reads passwords from files", () => {
    for (const [name, { secrets = [], environment = {} }] of Object.entries(compose.services)) {
      for (const secret of secrets) expect(compose.secrets, `${name}: ${secret}`).to.have.property(secret);
      for (const [key, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|TOKEN|DATABASE__URL/.test(key)) {
          expect(key, name).to.match(/_FILE$/);
          expect(
            secrets.map((secret) => `/run/secrets/${secret}`),
            name,
          ).to.include(value);
        }
      }
    }
    expect(read("docker/compose.yaml")).to.not.contain("CHANGE_ME");
  });

  it("refuses to start without what prepare.sh writes", () => {
    for (const name of ["SERVER_NAME", "PUBLIC_HOST", "PRACTICE_NAME"]) {
      const uses = read("docker/compose.yaml").match(new RegExp(`\\$\\{${name}[^}]*\\}`, "g")) ?? [];
      expect(uses).to.not.deep.equal([]);
      for (const use of uses) expect(use).to.equal(`\${${name}:?Run docker/prepare.sh first}`);
    }
  });

  it("bounds what every service writes to its log, and sends nothing inside through the host's proxy", () => {
    for (const [name, { logging, environment }] of Object.entries(compose.services)) {
      expect(logging?.options, name).to.deep.equal({ "max-size": "10m", "max-file": "5" });
      if (!["registration", "bot", "whisper", "synapse", "nginx"].includes(name)) continue;
      for (const variable of ["NO_PROXY", "no_proxy"])
        expect(environment?.[variable]?.split(","), name).to.include.members([
          "127.0.0.1",
          "synapse",
          "whisper",
        ]);
    }
  });

  it("opens nothing to the outside but nginx", () => {
    const published = Object.entries(compose.services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name]) => name)).to.deep.equal(["nginx"]);
    expect(compose.networks.inside?.internal).to.equal(true);
    expect(service("postgres").networks).to.deep.equal(["inside"]);
  });

  it("starts each service when what it needs is there", () => {
    expect(service("synapse").depends_on).to.deep.equal({
      postgres: { condition: "service_healthy" },
      registration: { condition: "service_completed_successfully" },
    });
    expect(service("bot").depends_on).to.deep.equal({ synapse: { condition: "service_healthy" } });
    expect(service("whisper").depends_on).to.have.property("bot").that.deep.equals({
      condition: "service_completed_successfully",
    });
    for (const name of ["postgres", "nginx"]) expect(service(name), name).to.have.property("healthcheck");
    for (const file of ["docker/Dockerfile", "docker/synapse/Dockerfile"])
      expect(read(file)).to.contain("HEALTHCHECK");
    for (const { volumes = [] } of Object.values(compose.services)) {
      for (const [name = ""] of volumes.map((volume) => volume.split(":"))) {
        if (!/^[./]/.test(name)) expect(compose.volumes).to.have.property(name);
      }
    }
  });

  it("starts Whisper again when its watchdog or its health check has ended it", () => {
    // The health check cannot end process 1, nor can a process end itself that is process 1.
    expect(service("whisper")).to.include({ init: true, restart: "unless-stopped" });
  });

  it("gives Whisper a configuration that it takes, at the addresses where the others look for it", () => {
    const { directory, environment: names } = prepared();
    const environment: Record<string, string> = {};
    for (const [key, value] of Object.entries(service("whisper").environment ?? {})) {
      environment[key] = value.replace(/\$\{([A-Z_]+)[^}]*\}/g, (_whole, name: string) => names[name] ?? "");
      if (key.endsWith("_FILE")) delete environment[key];
    }
    environment.WHISPER_DATABASE__URL = "postgres://whisper:x@postgres:5432/whisper";
    environment.WHISPER_POLICY__TOKEN = "x";
    const config = loadConfig(join(directory, "whisper.yaml"), environment);
    rmSync(join(directory, ".."), { recursive: true, force: true });

    expect(config.practice).to.deep.equal({ name: "Wattle Street", timezone: "Australia/Perth" });
    // Behind nginx: no listener of the gate's own, and forwarded addresses are believed.
    expect(config.gate.listen).to.equal(undefined);
    const nginx = service("nginx").environment ?? {};
    expect(nginx.WHISPER).to.equal(`whisper:${config.listen.port}`);
    expect(`http://${nginx.SYNAPSE}`).to.equal(config.homeserver.url);
    expect(service("registration").command).to.deep.equal([
      "generate-registration",
      "--url",
      `http://whisper:${config.listen.port}`,
    ]);
    expect(config.listen.bind).to.equal("0.0.0.0");
    const image = read("docker/Dockerfile");
    expect(image)
      .to.contain(`EXPOSE ${config.listen.port}`)
      .and.contain(`127.0.0.1:${config.listen.port}/health/live`);
    for (const name of ["registration", "bot", "whisper", "synapse"]) {
      expect(
        service(name).volumes?.some((volume) => volume.startsWith("whisper:/var/lib/whisper")),
        name,
      ).to.equal(true);
    }
    expect(config.appservice.registration).to.equal("/var/lib/whisper/registration.yaml");
  });

  withProgram(DOCKER_COMPOSE, ({ it, command }) => {
    it("is taken by Docker Compose, and refused before prepare.sh was run", async function () {
      this.timeout(60_000);
      const [program, ...args] = command;
      const { directory } = prepared();
      const config = () => run(program, [...args, "--file", "compose.yaml", "config"], { cwd: directory });
      const refusal = await config().then(
        () => "",
        (error: { stderr: string }) => error.stderr,
      );
      expect(refusal).to.contain("prepare.sh");
      const named = async (name: string) => {
        rmSync(join(directory, ".env"), { force: true });
        await run("sh", [join(directory, "prepare.sh"), HOST, name]);
        const { stdout } = await config();
        // Compose writes a dollar twice, so that the output can be read again.
        const service = parse(stdout, { merge: true }).services.whisper;
        expect(service.environment.WHISPER_PRACTICE__NAME.replaceAll("$$", "$")).to.equal(name);
        return stdout;
      };
      for (const name of ["360", "[Northside] Family Practice", "#1: A $HOME \\ 🏥", "O'Brien"])
        await named(name);
      const stdout = await named("Wattle Street");
      const secrets = readdirSync(join(directory, "secrets")).map((name) =>
        readFileSync(join(directory, "secrets", name), "utf8").trim(),
      );
      for (const secret of secrets) expect(stdout).to.not.contain(secret);
      rmSync(join(directory, ".."), { recursive: true, force: true });
    });
  });
});

describe("the images", () => {
  it("can be read inside, whatever the modes of the clone that they were built from", () => {
    expect(read("docker/Dockerfile")).to.match(
      /^RUN chmod -R go=rX,u\+rw package\.json vendor src dev docker \/etc\/whisper/m,
    );
    const synapse = read("docker/synapse/Dockerfile");
    for (const [, from = "", to] of synapse.matchAll(/^COPY (?!--chmod)(.+) (\S+)$/gm)) {
      expect(synapse, from).to.match(new RegExp(`^RUN .*chmod 0644 .*${to}\\*`, "m"));
    }
  });

  it("are of the versions that the tests run on", () => {
    const pinned = (name: string) =>
      new RegExp(`^${name}==(.*)$`, "m").exec(read("dev/synapse/synapse-requirements.txt"))?.[1];
    expect(read("docker/synapse/Dockerfile"))
      .to.contain(`matrixdotorg/synapse:v${pinned("matrix-synapse")}\n`)
      .and.contain(`synapse-http-antispam==${pinned("synapse-http-antispam")}\n`);
    const { engines, devDependencies } = JSON.parse(read("package.json"));
    const major = /^(\d+)\./.exec(devDependencies.node)?.[1];
    expect(engines.node).to.equal(`>=${major}`);
    expect(read("docker/Dockerfile").match(/^FROM \S+/gm)).to.deep.equal(
      Array(2).fill(`FROM docker.io/library/node:${major}-slim`),
    );
    for (const { image } of Object.values(compose.services)) expect(image).to.not.match(/:latest$/);
  });

  it("do not run as root, and take in nothing but what they need", () => {
    expect(read("docker/Dockerfile"))
      .to.match(/^USER 1000:1000$/m)
      .and.contain("npm ci --omit=dev");
    expect(read("docker/synapse/Dockerfile")).to.match(/^USER 1000:1000$/m);
    const ignore = read("docker/Dockerfile.dockerignore").split("\n");
    expect(ignore).to.include("*");
    const copied = [...read("docker/Dockerfile").matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap((match) =>
      (match[1] ?? "").split(" "),
    );
    expect(ignore.filter((line) => line.startsWith("!")).map((line) => line.slice(1))).to.have.members([
      ...new Set(copied),
    ]);
  });
});

describe("settings that must agree", () => {
  const synapse = parse(read("docker/synapse/homeserver.yaml"), { version: "1.1" });
  const example = parse(read("config/homeserver.example.yaml"), { version: "1.1" });

  it("the homeserver of the containers is the one of the example, but for places and secrets", () => {
    const places = [
      "server_name",
      "public_baseurl",
      "listeners",
      "database",
      "media_store_path",
      "signing_key_path",
      "log_config",
      "app_service_config_files",
      "modules",
      "macaroon_secret_key",
      "form_secret",
      "macaroon_secret_key_path",
      "form_secret_path",
      "registration_shared_secret_path",
      "max_upload_size",
    ];
    const rest = (settings: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(settings).filter(([key]) => !places.includes(key)));
    expect(rest(synapse)).to.deep.equal(rest(example));
    expect(synapse.app_service_config_files).to.deep.equal(["/var/lib/whisper/registration.yaml"]);
    const { authorization: _secret, ...module } = example.modules[0].config;
    expect(synapse.modules[0].config).to.deep.equal({
      ...module,
      base_url: "http://whisper:9000/policy",
      authorization_path: "/run/secrets/policy_token",
    });
    for (const path of ["macaroon_secret_key_path", "form_secret_path", "registration_shared_secret_path"]) {
      expect(service("synapse").secrets?.map((name) => `/run/secrets/${name}`)).to.include(synapse[path]);
    }
    expect(synapse.listeners).to.have.length(1);
    expect(service("nginx").environment?.SYNAPSE).to.equal(`synapse:${synapse.listeners[0].port}`);
  });

  it("both example files agree with each other: addresses, callbacks, the policy token", () => {
    const whisper = parse(exampleConfig());
    expect(whisper.homeserver.url).to.equal(`http://127.0.0.1:${example.listeners[0].port}`);
    expect(`${whisper.homeserver.public_url}/`).to.equal(example.public_baseurl);
    expect(whisper.homeserver.server_name).to.equal(example.server_name);
    const filled = parseConfig(
      JSON.parse(
        JSON.stringify(whisper)
          .replaceAll("CHANGE_ME", "x")
          .replace(/"x postgres/, '"postgres'),
        (_key, value) => value ?? undefined,
      ),
      "the example",
    );
    expect(example.modules[0].config.base_url).to.equal(`http://127.0.0.1:${filled.listen.port}/policy`);
    expect(example.modules[0].config.enabled_callbacks).to.deep.equal([...POLICY_CALLBACKS]);
    expect(example.modules[0].config.authorization).to.contain("policy.token");
    const dev = homeserverConfig({
      serverName: "x",
      publicUrl: "x",
      listen: { port: 1, bind: [] },
      dataDir: "x",
      database: { name: "sqlite3", args: { database: "x" } },
      whisperUrl: "x",
      policyToken: "x",
      registrationFile: "x",
      secrets: { macaroon: "x", form: "x" },
      forDevelopment: true,
    });
    for (const key of [
      "forget_rooms_on_leave",
      "default_room_version",
      "enable_registration",
      "caches",
      "push",
    ] as const) {
      expect(example[key], key).to.deep.equal(dev[key]);
    }
  });

  it("the examples are refused as long as a placeholder is in them", () => {
    expect(() => parseConfig(parse(exampleConfig()), "the example")).to.throw(/placeholder/);
    expect(read("config/homeserver.example.yaml")).to.contain("CHANGE_ME");
  });

  it("nginx gates what the gate gates", () => {
    const lines = read("docker/nginx/gated-paths.map")
      .split("\n")
      .filter((line) => line.startsWith('"'));
    expect(lines).to.deep.equal(
      GATED_PATHS.map(
        ({ method, pattern }) => `"~^${method === "GET" ? "(?:GET|HEAD)" : method} ${pattern.slice(1)}" 1;`,
      ),
    );
    expect(read("docker/nginx/routes.conf")).to.contain(`location = ${SIGN_IN_PATH} {`);
    expect(read("docker/nginx/routes.conf")).to.contain(
      `client_max_body_size ${String(synapse.max_upload_size).toLowerCase()};`,
    );
  });
});
