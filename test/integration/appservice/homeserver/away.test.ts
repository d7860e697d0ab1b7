import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { stringify } from "yaml";
import { connectHomeserver } from "../../../../src/appservice/homeserver/bridge.ts";
import type { CallOutcome, HomeserverConnection } from "../../../../src/appservice/homeserver/homeserver.ts";
import { readRegistration, registrationOf } from "../../../../src/appservice/homeserver/registration.ts";
import { whenBack } from "../../../../src/appservice/intake/gaps.ts";

/** A homeserver that answers as a test says: as Synapse does when it is busy, and as Synapse never does. */
describe("a homeserver without an answer", () => {
  const outcomes: CallOutcome[] = [];
  let looks = 0;
  let answer: RequestListener;
  let server: Server;
  let homeserver: HomeserverConnection;
  let port: number;
  const folder = mkdtempSync(join(tmpdir(), "whisper-test-away-"));

  const start = async () => {
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  };
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });

  before(async () => {
    port = 0;
    await start();
    const file = join(folder, "registration.yaml");
    const options = {
      url: "http://whisper:9000",
      serverName: "localhost",
      userPrefix: "ht_",
      bot: "whisper",
    };
    writeFileSync(file, stringify(registrationOf(options)));
    const watch = whenBack(() => looks++);
    homeserver = await connectHomeserver({
      homeserverUrl: `http://127.0.0.1:${port}`,
      serverName: "localhost",
      registration: readRegistration(file).registration,
      onCall: (_call, outcome) => {
        outcomes.push(outcome);
        watch(outcome);
      },
    });
  });
  after(async () => {
    await homeserver.close();
    await stop();
    rmSync(folder, { recursive: true });
  });

  const json =
    (status: number, body: object): RequestListener =>
    (_request, response) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const well = json(200, {});
  const ask = async (timeout = 5_000): Promise<CallOutcome | undefined> => {
    await homeserver
      .call({ method: "GET", path: "/_matrix/client/v3/account/whoami", timeout })
      .catch(() => undefined);
    return outcomes.at(-1);
  };

  const RUNNING: Readonly<Record<Exclude<CallOutcome, "ok" | "away">, readonly [string, RequestListener][]>> =
    {
      refused: [["refuses", json(404, { errcode: "M_NOT_FOUND", error: "No such user" })]],
      throttled: [["throttles us", json(429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 60_000 })]],
      slow: [["is slow", () => undefined]],
      failing: [
        ["has an error of its own", json(500, { errcode: "M_UNKNOWN", error: "Internal server error" })],
        ["does not know us yet", json(401, { errcode: "M_UNKNOWN_TOKEN", error: "Unknown token" })],
        ["answers with something else", (_request, response) => response.writeHead(404).end("<html>")],
      ],
    };
  for (const [outcome, cases] of Object.entries(RUNNING)) {
    for (const [what, listener] of cases) {
      it(`has lost nothing if it ${what}, so no events are searched for`, async () => {
        answer = listener;
        expect(await ask(300)).to.equal(outcome);
        answer = well;
        expect(await ask()).to.equal("ok");
        expect(looks).to.equal(0);
      });
    }
  }

  const GONE: Readonly<Record<string, () => Promise<void> | void>> = {
    "does not listen": stop,
    "breaks the connection": () => {
      answer = (request) => request.socket.destroy();
    },
    "is not behind its proxy": () => {
      answer = (_request, response) => response.writeHead(502).end("Bad Gateway");
    },
  };
  for (const [what, go] of Object.entries(GONE)) {
    it(`may have lost something if it ${what}, so events are searched for when it is back`, async () => {
      looks = 0;
      await go();
      expect(await ask()).to.equal("away");
      // Busy at first, as after a start: it is not back yet.
      answer = json(429, { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 60_000 });
      if (!server.listening) await start();
      expect(await ask()).to.equal("throttled");
      expect(looks).to.equal(0);
      answer = well;
      expect(await ask()).to.equal("ok");
      expect(looks).to.equal(1);
    });
  }
});
