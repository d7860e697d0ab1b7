/** docker/nginx in front of the gate and a real Synapse: who gets which request, and what nobody gets. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { EventId, RoomId } from "../../src/policy/model.ts";
import type { Caller } from "../support/gate/caller.ts";
import type { House, Served } from "../support/gate/house.ts";
import { expectNoText } from "../support/gate/membership-ways.ts";
import type { FaultProxy } from "../support/homeserver/fault-proxy.ts";
import { type BehindNginx, startBehindNginx } from "../support/nginx/behind-nginx.ts";
import { NGINX, type Nginx } from "../support/nginx/nginx-server.ts";
import { NGINX as NGINX_PROGRAM, withProgram } from "../support/run/programs.ts";

const C = "/_matrix/client";

withProgram(NGINX_PROGRAM, ({ describe }) => {
  describe("nginx in front of Whisper and Synapse", function () {
    this.timeout(120_000);
    let practice: BehindNginx;
    let house: House;
    let synapse: FaultProxy;
    let whisper: Served;
    let nginx: Nginx;
    let ann: Caller;
    let bob: Caller;
    let room: RoomId;
    let event: EventId;
    let toWhisper: string[];

    before(async () => {
      practice = await startBehindNginx();
      ({ house, synapse, whisper, nginx, ann, bob, room, event, toWhisper } = practice);
    });
    after(() => practice?.stop());
    beforeEach(() => {
      toWhisper.length = 0;
      synapse.forget();
    });

    const inRoom = (rest: string, version = "v3") =>
      `${C}/${version}/rooms/${encodeURIComponent(room)}/${rest}`;
    const E = () => encodeURIComponent(event);

    it("sends reads through the gate, and everything else straight to Synapse", async () => {
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

    it("serves a member, but not someone who was removed, however the path is written", async () => {
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

    it("treats a file as a file, whatever its name", async () => {
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

    it("keeps administration, federation and internal calls inside", async () => {
      const admin = house.bot.at(nginx.url);
      const R = encodeURIComponent(room);
      for (const path of [
        `/_synapse/admin/v1/rooms/${R}/messages`,
        `/_matrix/client/../../_synapse/admin/v1/rooms/${R}/messages`,
        `/_matrix/client/..%2f..%2f_synapse/admin/v1/rooms/${R}/messages`,
        "/%5fsynapse/admin/v2/users",
        "//_synapse/admin/v2/users",
        // nginx reads it as the client API, Synapse as the admin API.
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

    it("forwards the client's address, whatever the client claims", async () => {
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

    it("delivers long polls immediately, through the gate", async () => {
      const since = String((await bob.json("GET", `${C}/v3/sync`)).next_batch);
      const polled = synapse.inject({
        when: "before",
        match: { path: `${C}/v3/sync` },
        act: () => undefined,
      }).happened;
      // Longer than the caller waits, so an answer that only comes at the end of the poll is too late.
      const poll = bob.json("GET", `${C}/v3/sync?since=${since}&timeout=600000`);
      await polled;
      await ann.say(room, "a word in time");
      expect(JSON.stringify(await poll)).to.contain("a word in time");
    });

    it("accepts files as large as Synapse does, and directories as large as Whisper does", async () => {
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

    it("refuses reads while Whisper is down, and lets writes through", async () => {
      await whisper.close();
      const answer = await ann.request("GET", inRoom(`event/${E()}`));
      expect(answer.status).to.equal(502);
      expect(JSON.parse(answer.text).errcode).to.equal("M_UNKNOWN");
      expect(answer.headers["access-control-allow-origin"]).to.equal("*");
      expect(await ann.say(room, "into the night")).to.match(/^\$/);
    });

    it("logs no tokens, file names or rooms", async () => {
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
});
