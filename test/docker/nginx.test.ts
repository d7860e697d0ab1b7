/** docker/nginx on Debian's real nginx, before the real gate and a real Synapse. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import express from "express";
import { createGate, type Gate } from "../../src/appservice/gate/gate.ts";
import { SIGN_IN_PATH, signInPage } from "../../src/appservice/gate/sign-in-page.ts";
import type { EventId, RoomId } from "../../src/policy/model.ts";
import type { Caller } from "../integration/appservice/gate/caller.ts";
import { type House, openHouse, type Served, serve } from "../integration/appservice/gate/house.ts";
import { expectNoText } from "../integration/appservice/gate/membership-ways.ts";
import { gateOptions } from "../integration/appservice/gate/with-gate.ts";
import { FaultProxy } from "../support/homeserver/fault-proxy.ts";
import { NGINX as NGINX_PROGRAM, withProgram } from "../support/run/programs.ts";
import { around, NGINX, type Nginx, placeFiles, startNginx } from "./nginx-server.ts";

const C = "/_matrix/client";

withProgram(NGINX_PROGRAM, ({ describe }) => {
  describe("nginx before Whisper and Synapse", function () {
    this.timeout(120_000);
    let house: House;
    let synapse: FaultProxy;
    let gate: Gate;
    let whisper: Served;
    let element: Served;
    let nginx: Nginx;
    let ann: Caller;
    let bob: Caller;
    let room: RoomId;
    let event: EventId;
    const toWhisper: string[] = [];
    const toElement: string[] = [];

    before(async () => {
      // Without Whisper's module, so that nothing below holds what nginx sends past the front door.
      house = await openHouse({ settings: "modules: []\n" });
      synapse = await FaultProxy.start(house.synapse);
      gate = createGate({ ...gateOptions(house), synapseUrl: synapse.url, behindProxy: true });
      const app = express();
      app.use((request, _response, next) => {
        toWhisper.push(`${request.method} ${request.originalUrl} ${request.headers["x-forwarded-for"]}`);
        next();
      });
      app.use(gate.router);
      app.use(
        SIGN_IN_PATH,
        signInPage({ homeserverUrl: "https://chat.practice.example", clientPath: "/", practiceName: "P" }),
      );
      app.use((_request, response) => {
        response.json({ from: "whisper" });
      });
      whisper = await serve(app);
      element = await serve(
        express().use((request, response) => {
          toElement.push(`${request.originalUrl} ${JSON.stringify(request.headers)}`);
          response.send("element");
        }),
      );
      const address = (url: string) => new URL(url).host;
      nginx = await startNginx({
        synapse: address(synapse.url),
        whisper: address(whisper.url),
        element: address(element.url),
      });
      ann = (await house.person("ann")).at(nginx.url);
      bob = (await house.person("bob")).at(nginx.url);
      room = await house.room([ann, bob]);
      event = await ann.say(room, "ROSTER one");
    });
    after(async () => {
      await nginx?.stop();
      await whisper?.close();
      await element?.close();
      gate?.close();
      await synapse?.stop();
      await house?.stop();
    });
    beforeEach(() => {
      toWhisper.length = 0;
      toElement.length = 0;
      synapse.forget();
    });

    const inRoom = (rest: string, version = "v3") =>
      `${C}/${version}/rooms/${encodeURIComponent(room)}/${rest}`;
    const E = () => encodeURIComponent(event);

    it("sends through the gate what reads, and straight to Synapse what does not", async () => {
      const gated = [
        inRoom(`event/${E()}`),
        inRoom(`context/${E()}`, "r0"),
        inRoom("messages?dir=b"),
        inRoom("members?at=x"),
        `${C}/v3/events/${E()}`,
        `${C}/v3/notifications`,
        `${C}/v3/sync?timeout=0`,
        `${C}/v3/initialSync`,
        `${C}/v1/media/download/localhost/abc`,
        "/_matrix/media/v3/download/localhost/abc",
      ];
      const straight = [
        `${C}/versions`,
        `${C}/v3/joined_rooms`,
        `${C}/v3/profile/${encodeURIComponent(ann.userId)}`,
        `${C}/v1/media/config`,
      ];
      for (const path of [...gated, ...straight]) {
        toWhisper.length = 0;
        const answer = await ann.request("GET", path);
        expect(answer.status, `${path}: ${answer.text}`).to.be.below(500);
        expect(toWhisper.length, path).to.equal(gated.includes(path) ? 1 : 0);
      }
      toWhisper.length = 0;
      await ann.say(room, "straight to Synapse");
      expect(toWhisper).to.deep.equal([]);
      await ann.request("POST", `${C}/unstable/org.matrix.simplified_msc3575/sync`, {
        body: { conn_id: "n" },
      });
      expect(toWhisper.length).to.equal(1);
    });

    it("serves a member, and not who was put out, however the path is written", async () => {
      const eve = (await house.person("eve")).at(nginx.url);
      const here = await house.room([ann, eve]);
      const said = encodeURIComponent(await ann.say(here, "ROSTER two"));
      const R = encodeURIComponent(here);
      expect((await eve.request("GET", `${C}/v3/rooms/${R}/event/${said}`)).text).to.contain("ROSTER");
      await house.remove(here, eve);
      const own = encodeURIComponent(await house.room([eve]));
      for (const path of [
        `${C}/v3/rooms/${R}/event/${said}`,
        `${C}/v3/rooms/${here}/event/${said}`,
        `${C}/v3/rooms/${R}/%65vent/${said}`,
        `${C}/v3/rooms/${R}/%2565vent/${said}`,
        `${C}/v3/%72ooms/${R}/event/${said}`,
        `${C}/v3//rooms/${R}/event/${said}`,
        `//_matrix/client/v3/rooms/${R}/event/${said}`,
        `${C}/v3/./rooms/${R}/event/${said}`,
        `${C}/v3/x/../rooms/${R}/event/${said}`,
        `${C}/v3/x/%2e%2e/rooms/${R}/event/${said}`,
        `${C}/v3/rooms/${own}%2F..%2F${R}/event/${said}`,
        `${C}/v3/rooms/${R}/event/${said}/..%2F..%2F..%2F..%2Fjoined_rooms`,
        `${C}/v3/rooms/${R}/event/${said}?x=/../../..`,
        `${C}/v3/rooms/${R}/event/${said}#/x`,
        `/x/../_matrix/client/v3/rooms/${R}/event/${said}`,
        `/%5fmatrix/client/v3/rooms/${R}/event/${said}`,
        `/whisper/sign-in/../../_matrix/client/v3/rooms/${R}/event/${said}`,
        `${C}/v3/events/${said}`,
        `${C}/v3/%65vents/${said}`,
        `${C}/v3/ev%65nts//${said}`,
        `${C}/v3/sync?since=s1_1_0_1_1_1_1_1_0_1_1_1_1_1`,
        `${C}/v3/s%79nc?since=s1_1_0_1_1_1_1_1_0_1_1_1_1_1`,
        `${C}/v3/x/../sync?since=s1_1_0_1_1_1_1_1_0_1_1_1_1_1`,
        `${C}/v3/notifications`,
        `${C}/v3/notification%73`,
      ]) {
        for (const method of ["GET", "HEAD"]) {
          const answer = await eve.request(method, path);
          expect(answer.text, path).to.not.contain("ROSTER");
          expect(answer.status, `${path} ${answer.text}`).to.be.below(500);
        }
      }
    });

    it("sends memberships and new rooms through the front door", async () => {
      const dan = (await house.person("dan")).at(nginx.url);
      for (const version of ["v3", "r0", "unstable", "api/v1"]) await expectNoText(house, ann, dan, version);
      const member = { type: "m.room.member", state_key: bob.userId, content: { membership: "invite" } };
      for (const [method, path] of [
        ["POST", "createRoom"],
        ["PUT", "createRoom/t1"],
      ] as const) {
        const answer = await ann.request(method, `${C}/v3/${path}`, { body: { initial_state: [member] } });
        expect(answer.status, answer.text).to.equal(403);
      }
    });

    it("takes a file for a file, whatever its name is", async () => {
      const eve = (await house.person("eve")).at(nginx.url);
      const url = await ann.upload(Buffer.from("ROSTER of the night"), "text/plain");
      await ann.send(room, "m.room.message", { msgtype: "m.file", body: "roster.txt", url });
      const path = `${C}/v1/media/download/${url.slice("mxc://".length)}`;
      expect((await bob.request("GET", path)).text).to.contain("ROSTER");
      const ends = ["", "/sync", "/s%79nc", "/%2Fsync", "/initialSync", "/notifications", "/event", "/rooms"];
      const answers = await Promise.all(ends.map((end) => eve.request("GET", path + end)));
      for (const [index, answer] of answers.entries()) {
        expect(answer.text, ends[index]).to.not.contain("ROSTER");
        expect(answer.status, ends[index]).to.be.oneOf([400, 403]);
      }
    });

    it("keeps administration, federation and the inner calls inside", async () => {
      const admin = house.bot.at(nginx.url);
      const R = encodeURIComponent(room);
      for (const path of [
        `/_synapse/admin/v1/rooms/${R}/messages`,
        `/_matrix/client/../../_synapse/admin/v1/rooms/${R}/messages`,
        `/_matrix/client/..%2f..%2f_synapse/admin/v1/rooms/${R}/messages`,
        "/%5fsynapse/admin/v2/users",
        "//_synapse/admin/v2/users",
        // Read by nginx as the client API, by Synapse as the administration API.
        "/_synapse/admin/v2/users%2f..%2f..%2f..%2f..%2f_matrix%2fclient%2fversions",
        "/_synapse/admin/v1/rooms/x%2f..%2f..%2f..%2f..%2f..%2f_matrix%2fclient%2fv3%2fsync",
        `/_matrix/federation/v1/event/${E()}`,
        "/_matrix/key/v2/server",
        "/_matrix/app/v1/ping",
        "/policy/user_may_invite",
        "/metrics",
        "/health/ready",
        "/.well-known/matrix/server",
      ]) {
        const answer = await admin.request("GET", path);
        expect(answer.status, `${path}: ${answer.text}`).to.be.within(400, 404);
        expect(answer.text, path).to.not.contain("ROSTER").and.not.contain("from");
      }
      expect(toWhisper).to.deep.equal([]);
      expect(synapse.count({ path: /_synapse/ })).to.equal(0);
      expect(
        (await ann.request("GET", "/.well-known/matrix/client", { withoutToken: true })).text,
      ).to.contain("m.homeserver");
    });

    it("says who the client is, whatever the client says", async () => {
      const headers = { "x-forwarded-for": "10.9.9.9", "x-real-ip": "10.9.9.9", forwarded: "for=10.9.9.9" };
      await ann.request("GET", "/api/v1/users", { headers });
      await ann.request("GET", inRoom("members"), { headers });
      await ann.request("POST", inRoom(`receipt/m.read/${E()}`), {
        headers: { ...headers, expect: "100-continue" },
        body: {},
      });
      expect(toWhisper).to.have.length(3);
      for (const line of toWhisper) expect(line).to.match(/ 127\.0\.0\.1$/);
    });

    it("brings long polls at once, through the gate", async () => {
      const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
      const poll = bob.json("GET", `${C}/v3/sync?since=${since}&timeout=30000`);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await ann.say(room, "a word in time");
      expect(JSON.stringify(await poll)).to.contain("a word in time");
    });

    it("takes files as large as Synapse does, and directories as large as Whisper does", async () => {
      const settings = readFileSync(join(NGINX, "../synapse/homeserver.yaml"), "utf8");
      expect(/^max_upload_size: (.*)$/m.exec(settings)?.[1]).to.equal("50M");
      expect((await ann.upload(Buffer.alloc(50 * 1024 * 1024))).startsWith("mxc://")).to.equal(true);
      const large = await ann.request("POST", "/_matrix/media/v3/upload", {
        body: Buffer.alloc(51 * 1024 * 1024),
      });
      expect(large.status).to.equal(413);
      expect(JSON.parse(large.text).errcode).to.equal("M_TOO_LARGE");
      expect(
        (await ann.request("PUT", "/api/v1/directory", { body: Buffer.alloc(15 * 1024 * 1024) })).status,
      ).to.equal(200);
      expect(
        (await ann.request("PUT", "/api/v1/directory", { body: Buffer.alloc(17 * 1024 * 1024) })).status,
      ).to.equal(413);
    });

    it("serves the sign-in page, the client and its settings under one origin", async () => {
      expect((await ann.request("GET", SIGN_IN_PATH)).text).to.contain("Signing you in");
      expect((await ann.request("GET", "/")).text).to.equal("element");
      for (const name of ["/config.json", "/config.chat.practice.example.json"]) {
        const config = JSON.parse((await ann.request("GET", name)).text);
        expect(config.default_server_config["m.homeserver"]).to.deep.equal({
          base_url: "https://chat.practice.example",
          server_name: "practice.example",
        });
      }
    });

    it("says on every location that it is HTTPS only, and nothing twice", async () => {
      const paths = [
        ...[
          "/",
          "/config.json",
          "/docs",
          "/openapi.json",
          "/api/v1/users",
          "/webhooks/x",
          "/open/x",
          SIGN_IN_PATH,
        ],
        ...[
          "/_synapse/admin",
          "/_matrix/key",
          "/policy/x",
          "/health/ready",
          "/metrics",
          "/.well-known/x",
          "/nginx-health",
        ],
        ...[
          `${C}/versions`,
          "/.well-known/matrix/client",
          "/_matrix/media/v3/config",
          inRoom(`event/${E()}`),
          "/%2e%2e/x",
        ],
      ];
      for (const path of paths) {
        const { headers } = await ann.request("GET", path);
        expect(headers["strict-transport-security"], path).to.equal("max-age=31536000");
        expect(headers["x-content-type-options"], path).to.equal("nosniff");
        expect(headers["referrer-policy"], path).to.equal("no-referrer");
      }
    });

    it("takes the one-time token off before it asks the client's server", async () => {
      const headers = { referer: "https://chat.practice.example/?loginToken=syl_SECRETONCE" };
      for (const [asked, expected] of [
        ["/?loginToken=syl_SECRETONCE", "/ "],
        ["/?x=1&loginToken=syl_SECRETONCE&y=?z", "/ "],
        ["/index.html?loginToken=syl_SECRETONCE", "/index.html "],
        ["/bundles/a%20b/m%C3%BCller.js?loginToken=syl_SECRETONCE", "/bundles/a%20b/m%C3%BCller.js "],
        ["/bundles/app.js", "/bundles/app.js "],
      ] as const) {
        toElement.length = 0;
        expect((await ann.request("GET", asked, { headers, withoutToken: true })).text).to.equal("element");
        expect(toElement.join()).to.match(new RegExp(`^${expected.replaceAll(".", "\\.")}`));
        expect(toElement.join()).to.not.contain("SECRETONCE").and.not.contain("?");
      }
      expect(nginx.accessLog()).to.not.contain("SECRETONCE");
    });

    it("refuses reading while Whisper is down, and lets writing through", async () => {
      await whisper.close();
      const answer = await ann.request("GET", inRoom(`event/${E()}`));
      expect(answer.status).to.equal(502);
      expect(JSON.parse(answer.text).errcode).to.equal("M_UNKNOWN");
      expect(answer.headers["access-control-allow-origin"]).to.equal("*");
      expect(await ann.say(room, "into the night")).to.match(/^\$/);
    });

    it("logs neither tokens, nor names of files, nor rooms", async () => {
      await ann.request("GET", `${C}/versions?access_token=SECRETTOKEN`, { withoutToken: true });
      await ann.request("GET", `${C}/v1/media/download/localhost/abc/Jones%20Mary%20x-ray.png`);
      const log = nginx.accessLog();
      expect(log)
        .to.contain(`GET ${C}/v1/... `)
        .and.contain(" GET /api/v1/... ")
        .and.contain(" GET /_synapse/... ");
      for (const secret of [
        "SECRETTOKEN",
        "Jones",
        "ROSTER",
        room,
        encodeURIComponent(room),
        ann.token,
        ann.userId,
      ]) {
        expect(log).to.not.contain(secret);
      }
    });
  });

  describe("nginx as the image starts it", () => {
    it("takes the template, with the names filled in", () => {
      const directory = mkdtempSync(join(tmpdir(), "whisper-nginx-"));
      try {
        const tls = [
          "-x509",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-days",
          "1",
          "-subj",
          "/CN=chat.practice.example",
        ];
        execFileSync(
          "openssl",
          ["req", ...tls, "-keyout", `${directory}/key.pem`, "-out", `${directory}/certificate.pem`],
          {
            stdio: "ignore",
          },
        );
        placeFiles(directory);
        const names: Readonly<Record<string, string>> = {
          RESOLVER: "resolver 127.0.0.11 valid=5s ipv6=off;",
          SYNAPSE: "synapse:8008",
          WHISPER: "whisper:9000",
          ELEMENT: "element:8080",
          PUBLIC_HOST: "chat.practice.example",
          SERVER_NAME: "practice.example",
        };
        const http = readFileSync(join(NGINX, "whisper.conf.template"), "utf8")
          .replace(/\$\{([A-Z_]+)\}/g, (_whole, name: string) => names[name] ?? `\${${name}}`)
          .replaceAll("/etc/nginx/tls", directory)
          .replace(/\/dev\/std(out|err)/g, `${directory}/log`);
        writeFileSync(join(directory, "nginx.conf"), around(directory, http));
        execFileSync(
          "nginx",
          ["-t", "-p", directory, "-c", join(directory, "nginx.conf"), "-e", `${directory}/error.log`],
          {
            stdio: "pipe",
          },
        );
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  });
});
