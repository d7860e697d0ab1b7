/** The settings in docker/, in the examples and in the code agree. */
import { expect } from "chai";
import { parse } from "yaml";
import { homeserverConfig, POLICY_CALLBACKS } from "../../dev/synapse/homeserver-config.ts";
import { HOME_PATH } from "../../src/appservice/gate/home-page.ts";
import { GATED_PATHS } from "../../src/appservice/gate/passage/gated-paths.ts";
import { SIGN_IN_PATH } from "../../src/appservice/gate/sign-in-page.ts";
import { exampleConfig } from "../../src/config/example.ts";
import { parseConfig } from "../../src/config/load.ts";
import { read, service } from "./docker-files.ts";

describe("settings that must agree", () => {
  const synapse = parse(read("docker/synapse/homeserver.yaml"), { version: "1.1" });
  const example = parse(read("config/homeserver.example.yaml"), { version: "1.1" });

  it("match between the containers' homeserver and the example, except for paths and secrets", () => {
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

  it("match between both example files: addresses, callbacks, the policy token", () => {
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

  it("are refused while a placeholder is left in the examples", () => {
    expect(() => parseConfig(parse(exampleConfig()), "the example")).to.throw(/placeholder/);
    expect(read("config/homeserver.example.yaml")).to.contain("CHANGE_ME");
  });

  it("make nginx gate what the gate gates", () => {
    const lines = read("docker/nginx/gated-paths.map")
      .split("\n")
      .filter((line) => line.startsWith('"'));
    expect(lines).to.deep.equal(
      GATED_PATHS.map(
        ({ method, pattern }) => `"~^${method === "GET" ? "(?:GET|HEAD)" : method} ${pattern.slice(1)}" 1;`,
      ),
    );
    for (const path of [SIGN_IN_PATH, HOME_PATH])
      expect(read("docker/nginx/routes.conf")).to.contain(`location = ${path} {`);
    expect(read("docker/nginx/routes.conf")).to.contain(
      `client_max_body_size ${String(synapse.max_upload_size).toLowerCase()};`,
    );
  });
});
