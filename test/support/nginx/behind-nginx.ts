/** docker/nginx on Debian's real nginx, in front of the real gate and a real Synapse, with two people and their room. */
import express from "express";
import { createGate } from "../../../src/appservice/gate/gate.ts";
import { HOME_PATH, homePage } from "../../../src/appservice/gate/home-page.ts";
import { SIGN_IN_PATH, signInPage } from "../../../src/appservice/gate/sign-in-page.ts";
import type { EventId, RoomId } from "../../../src/policy/model.ts";
import type { Caller } from "../gate/caller.ts";
import { type House, openHouse, type Served, serve } from "../gate/house.ts";
import { gateOptions } from "../gate/with-gate.ts";
import { FaultProxy } from "../homeserver/fault-proxy.ts";
import { type Nginx, startNginx } from "./nginx-server.ts";

export interface BehindNginx {
  readonly house: House;
  /** Between Synapse and both nginx and the gate. */
  readonly synapse: FaultProxy;
  readonly whisper: Served;
  readonly nginx: Nginx;
  /** At nginx, and with `bob` in `room`, where she said `event`. */
  readonly ann: Caller;
  readonly bob: Caller;
  readonly room: RoomId;
  readonly event: EventId;
  /** The requests that reached Whisper: method, path, and whom they were forwarded for. */
  readonly toWhisper: string[];
  /** The requests that reached the client's server: path and headers. */
  readonly toElement: string[];
  stop(): Promise<void>;
}

/** Starts everything. What has started is stopped again if the rest cannot. */
export async function startBehindNginx(): Promise<BehindNginx> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await startEach(stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEach(stops: (() => Promise<void> | void)[]): Promise<Omit<BehindNginx, "stop">> {
  const toWhisper: string[] = [];
  const toElement: string[] = [];
  // Without Whisper's module, so nothing else stops what nginx sends past the front door.
  const house = await openHouse({ settings: "modules: []\n" });
  stops.push(() => house.stop());
  const synapse = await FaultProxy.start(house.synapse);
  stops.push(() => synapse.stop());
  const gate = createGate({ ...gateOptions(house), synapseUrl: synapse.url, behindProxy: true });
  stops.push(() => gate.close());
  const app = express();
  app.use((request, _response, next) => {
    toWhisper.push(`${request.method} ${request.originalUrl} ${request.headers["x-forwarded-for"]}`);
    next();
  });
  app.use(gate.router);
  app.get(HOME_PATH, homePage({ practiceName: "O'Neill & Sons" }));
  app.use(
    SIGN_IN_PATH,
    signInPage({ homeserverUrl: "https://chat.practice.example", clientPath: "/", practiceName: "P" }),
  );
  app.use((_request, response) => {
    response.json({ from: "whisper" });
  });
  const whisper = await serve(app);
  stops.push(() => whisper.close());
  const element = await serve(
    express().use((request, response) => {
      toElement.push(`${request.originalUrl} ${JSON.stringify(request.headers)}`);
      response.send("element");
    }),
  );
  stops.push(() => element.close());
  const address = (url: string) => new URL(url).host;
  const nginx = await startNginx({
    synapse: address(synapse.url),
    whisper: address(whisper.url),
    element: address(element.url),
  });
  stops.push(() => nginx.stop());
  const ann = (await house.person("ann")).at(nginx.url);
  const bob = (await house.person("bob")).at(nginx.url);
  const room = await house.room([ann, bob]);
  const event = await ann.say(room, "ROSTER one");
  return { house, synapse, whisper, nginx, ann, bob, room, event, toWhisper, toElement };
}
