/** Wherever `homeserver.url` points, the bot and the gate both reach it, whatever proxy the environment names. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { expect } from "chai";
import express from "express";
import { AppServiceRegistration } from "matrix-appservice-bridge";
import { createClientApiProxy } from "../../../../src/appservice/gate/proxy.ts";
import { connectHomeserver } from "../../../../src/appservice/homeserver/bridge.ts";
import { registrationOf } from "../../../../src/appservice/homeserver/registration.ts";
import { upstream } from "../../../../src/appservice/homeserver/upstream.ts";
import { unless } from "../../../support/run/programs.ts";

const PROXY_VARIABLES = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const WHOAMI = "/_matrix/client/v3/account/whoami";

interface StandIn {
  readonly port: number;
  readonly asked: string[];
  close(): Promise<void>;
}

async function standIn(host: string, answer: { status: number; body: object }): Promise<StandIn> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

async function bot(homeserverUrl: string) {
  const tokens = { as: "as", hs: "hs" };
  const output = registrationOf({
    url: "",
    serverName: "localhost",
    userPrefix: "ht_",
    bot: "whisper",
    tokens,
  });
  const registration = AppServiceRegistration.fromObject(output as never);
  return connectHomeserver({ homeserverUrl, serverName: "localhost", registration });
}

/** The bot, the gate and a client through the gate each ask for `path`. */
async function askAll(homeserverUrl: string, path: string): Promise<void> {
  const homeserver = await bot(homeserverUrl);
  await homeserver.call({ method: "GET", path });
  await homeserver.close();
  const gate = upstream(homeserverUrl, 1);
  await gate.json({ method: "GET", target: path, headers: {}, patience: 5_000 });
  gate.close();
  const proxy = createClientApiProxy({
    synapseUrl: homeserverUrl,
    media: { vouched: () => Promise.resolve(new Set()) } as never,
    uploaderOf: () => Promise.resolve(null),
    isAdministrator: () => Promise.resolve(false),
    bot: "@whisper:localhost" as never,
    accountData: { markUnread: () => Promise.resolve(), setDirectChats: () => Promise.resolve() },
    entrance: {} as never,
    log: { warn: () => undefined },
    behindProxy: false,
    looks: [],
    keepMembership: 0,
  });
  const server = createServer(express().use(proxy.router)).listen(0, "127.0.0.1");
  await once(server, "listening");
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).text();
  server.close();
  server.closeAllConnections();
  proxy.close();
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === "::1"),
);

describe("the homeserver's address", () => {
  const kept = new Map(PROXY_VARIABLES.map((name) => [name, process.env[name]]));
  let proxy: StandIn;
  before(async () => {
    proxy = await standIn("127.0.0.1", { status: 502, body: { error: "the proxy of the practice" } });
    for (const name of PROXY_VARIABLES) process.env[name] = `http://127.0.0.1:${proxy.port}`;
  });
  after(async () => {
    for (const [name, value] of kept) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await proxy.close();
  });

  const CASES = [
    {
      what: "an address of IPv4",
      host: "127.0.0.1",
      url: (port: number) => `http://127.0.0.1:${port}`,
      at: "",
    },
    {
      what: "a path",
      host: "127.0.0.1",
      url: (port: number) => `http://127.0.0.1:${port}/matrix`,
      at: "/matrix",
    },
    { what: "an address of IPv6", host: "::1", url: (port: number) => `http://[::1]:${port}`, at: "" },
    { what: "both", host: "::1", url: (port: number) => `http://[::1]:${port}/a/b`, at: "/a/b" },
  ];
  for (const { what, host, url, at } of CASES) {
    const { it } = unless(host === "::1" && !hasIpv6 && "this machine has no IPv6");
    it(`may be ${what}, for the bot, the gate and clients, bypassing the environment's proxy`, async () => {
      const homeserver = await standIn(host, { status: 200, body: { user_id: "@whisper:localhost" } });
      try {
        await askAll(url(homeserver.port), WHOAMI);
        expect(homeserver.asked).to.deep.equal(Array(3).fill(`GET ${at}${WHOAMI}`));
        expect(proxy.asked).to.deep.equal([]);
      } finally {
        await homeserver.close();
      }
    });
  }

  it("receives the path as it was built, even with ids that look like path segments", async () => {
    const homeserver = await standIn("127.0.0.1", { status: 200, body: {} });
    const client = await bot(`http://127.0.0.1:${homeserver.port}`);
    await client.call({
      method: "PUT",
      path: "/_matrix/client/v3/rooms/../x%2Fy",
      query: { a: "1 & 2" },
      body: {},
    });
    await client.close();
    await homeserver.close();
    expect(homeserver.asked).to.deep.equal(["PUT /_matrix/client/v3/rooms/../x%2Fy?a=1+%26+2"]);
  });
});
