/** docker/compose.yaml agrees with the code's ports, settings and secrets. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { DOCKER_COMPOSE, run, withProgram } from "../support/run/programs.ts";
import { compose, HOST, prepared, read, service } from "./docker-files.ts";

describe("docker/compose.yaml", () => {
  it("gives every service only existing secrets, and reads passwords from files", () => {
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

  it("exposes only nginx", () => {
    const published = Object.entries(compose.services).filter(([, { ports }]) => ports !== undefined);
    expect(published.map(([name]) => name)).to.deep.equal(["nginx"]);
    expect(compose.networks.inside?.internal).to.equal(true);
    expect(service("postgres").networks).to.deep.equal(["inside"]);
  });

  it("starts each service once its dependencies are ready", () => {
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

  it("restarts Whisper when its watchdog or its health check has ended it", () => {
    // The health check cannot end process 1, and process 1 cannot end itself.
    expect(service("whisper")).to.include({ init: true, restart: "unless-stopped" });
  });

  it("gives Whisper a valid configuration, at the addresses where the others expect it", () => {
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
    // Behind nginx the gate has no listener of its own, and forwarded addresses are trusted.
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
    it("is accepted by Docker Compose, and refused before prepare.sh has run", async function () {
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
        // Compose doubles a dollar sign so that its output can be read again.
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
