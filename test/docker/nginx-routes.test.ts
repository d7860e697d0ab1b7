/** The maps in docker/nginx, compared with the installed Synapse's routes, on Debian's real nginx. */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { expect } from "chai";
import { requestPath } from "../../src/appservice/gate/passage/request-path.ts";
import { type Served, serve } from "../support/gate/house.ts";
import { oddPaths, type Route, synapseRoutes } from "../support/homeserver/synapse-routes.ts";
import { mayPassTheGate } from "../support/homeserver/ungated-servlets.ts";
import { type Nginx, startNginx } from "../support/nginx/nginx-server.ts";
import { NGINX, withProgram } from "../support/run/programs.ts";

const ROOM = "!abc:example.org";
const VALUES = { room_id: ROOM, room_identifier: ROOM, event_id: "$0123456789-_abc" };

withProgram(NGINX, ({ describe }) => {
  describe("nginx and Synapse's own routes", function () {
    this.timeout(120_000);
    let nginx: Nginx;
    let behind: readonly Served[] = [];
    let gated: readonly Route[];
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });

    before(async () => {
      gated = (await synapseRoutes()).filter((route) => !mayPassTheGate(route));
      const answering = (name: string) => (request: IncomingMessage, response: ServerResponse) => {
        request.resume();
        response.end(`${name} ${request.url}`);
      };
      behind = await Promise.all(["synapse", "whisper", "element"].map((name) => serve(answering(name))));
      const [synapse = "", whisper = "", element = ""] = behind.map(({ url }) => new URL(url).host);
      nginx = await startNginx({ synapse, whisper, element });
    });
    after(async () => {
      agent.destroy();
      await nginx?.stop();
      await Promise.all(behind.map((server) => server.close()));
    });

    /** Who answered, and the path that reached them. */
    const ask = (method: string, path: string) =>
      new Promise<string>((resolve, reject) => {
        const { hostname, port } = new URL(nginx.url);
        const sent = httpRequest({ hostname, port, method, path, agent }, (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.once("end", () => resolve(text));
          response.once("error", reject);
        });
        sent.once("error", reject);
        sent.end();
      });

    it("sends nothing straight to Synapse that Synapse would route to a gated servlet", async () => {
      const requests = new Map<string, readonly [method: string, path: string]>();
      for (const path of gated.flatMap((route) => oddPaths(route, VALUES))) {
        for (const { method, expression } of gated)
          if (expression.test(requestPath(path))) requests.set(`${method} ${path}`, [method, path]);
      }
      expect(requests.size).to.be.above(3_000);
      let byWhisper = 0;
      const left = [...requests.values()];
      const askAll = async () => {
        for (let next = left.pop(); next !== undefined; next = left.pop()) {
          const [method, path] = next;
          const answer = await ask(method, path);
          expect(answer, `${method} ${path}`).to.not.match(/^synapse/);
          if (answer === `whisper ${path}`) byWhisper++;
        }
      };
      await Promise.all([askAll(), askAll(), askAll(), askAll()]);
      expect(byWhisper).to.be.above(3_000);
      expect(await ask("GET", "/_matrix/client/v3/joined_rooms")).to.match(/^synapse/);
    });
  });
});
