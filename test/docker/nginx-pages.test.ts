/** docker/nginx in front of the gate and a real Synapse: the pages of its origin, and the headers of all. */
import { expect } from "chai";
import { SIGN_IN_PATH } from "../../src/appservice/gate/sign-in-page.ts";
import type { Caller } from "../support/gate/caller.ts";
import { type BehindNginx, startBehindNginx } from "../support/nginx/behind-nginx.ts";
import type { Nginx } from "../support/nginx/nginx-server.ts";
import { NGINX, withProgram } from "../support/run/programs.ts";

const C = "/_matrix/client";

withProgram(NGINX, ({ describe }) => {
  describe("nginx in front of Whisper and Synapse", function () {
    this.timeout(120_000);
    let practice: BehindNginx;
    let nginx: Nginx;
    let ann: Caller;
    let toElement: string[];

    before(async () => {
      practice = await startBehindNginx();
      ({ nginx, ann, toElement } = practice);
    });
    after(() => practice?.stop());

    it("serves the sign-in page, the client and its settings under one origin", async () => {
      expect((await ann.request("GET", SIGN_IN_PATH)).text).to.contain("Signing you in");
      expect((await ann.request("GET", "/")).text).to.equal("element");
      for (const name of ["/config.json", "/config.chat.practice.example.json"]) {
        const config = JSON.parse((await ann.request("GET", name)).text);
        expect(config.default_server_config["m.homeserver"]).to.deep.equal({
          base_url: "https://chat.practice.example",
          server_name: "practice.example",
        });
        // Withdrawn notices leave no trace, and the page shown without a conversation is the practice's own.
        expect(config.setting_defaults).to.deep.include({
          hideRedactions: true,
          // Nothing is encrypted, so nobody is told to verify sessions.
          "UIFeature.advancedEncryption": false,
          "UIFeature.BulkUnverifiedSessionsReminder": false,
          "Spaces.allRoomsInHome": true,
        });
        expect((await ann.request("GET", config.embedded_pages.home_url)).text).to.contain(
          "<h1>O&#39;Neill &#38; Sons</h1>",
        );
      }
    });

    it("sends HSTS on every location, and no header twice", async () => {
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
          `${C}/v3/rooms/${encodeURIComponent(practice.room)}/event/${encodeURIComponent(practice.event)}`,
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

    it("removes the one-time token before it asks the client's server", async () => {
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
  });
});
