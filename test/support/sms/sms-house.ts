/** A practice whose messages go out as SMS through the stand-in, without a homeserver. */
import { once } from "node:events";
import { createServer } from "node:http";
import express from "express";
import { pino } from "pino";
import { ACCOUNT, FROM, TOKEN } from "../../../dev/clients/twilio-account.ts";
import { TwilioStandIn } from "../../../dev/clients/twilio-stand-in.ts";
import { answerErrors } from "../../../src/api/app.ts";
import type { EventId, RoomId } from "../../../src/policy/model.ts";
import { workOnSms } from "../../../src/sms/carry-out.ts";
import type { SmsDependencies, SmsSettings } from "../../../src/sms/dependencies.ts";
import { smsEvents } from "../../../src/sms/events.ts";
import { logProvider } from "../../../src/sms/provider/log.ts";
import type { SmsProvider } from "../../../src/sms/provider/port.ts";
import { twilioProvider } from "../../../src/sms/provider/twilio/twilio.ts";
import { providerReports } from "../../../src/sms/reports.ts";
import { type House, id, openHouse } from "../practice/conversations.ts";
import { SMS_SETTINGS } from "./sms-settings.ts";

export interface SmsHouse {
  readonly house: House;
  readonly twilio: TwilioStandIn;
  /** Where Twilio's calls arrive. */
  readonly url: string;
  readonly lines: string[];
  settings: SmsSettings;
  dependencies(): SmsDependencies & { readonly database: House["database"] };
  /** The individual conversation of two people. */
  between(one: string, other: string): Promise<{ id: string; room: RoomId }>;
  /** Does the waiting work on SMS, including what waits for its time, up to this many rounds. */
  work(rounds?: number): Promise<void>;
  /** The states of all SMS, in order. */
  states(): Promise<string[]>;
  /** The notes under messages. */
  notes(): Promise<string[]>;
  /** The reactions under a message, by Whisper. */
  signs(event: EventId): Promise<string[]>;
  /** Answers the question whether to send again, which the homeserver shows in this room. */
  /** @param nth under which question, if there are several. */
  press(room: RoomId, key: string, from?: string, nth?: number): Promise<void>;
  close(): Promise<void>;
}

export const MOBILE = "+61412345678";

export async function openSmsHouse(
  given: Partial<SmsSettings> = {},
  { provider, path = "" }: { provider?: SmsProvider; path?: string } = {},
): Promise<SmsHouse> {
  const twilio = await TwilioStandIn.start();
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line) => lines.push(line) });
  const app = express();
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}${path}`;
  twilio.whisper = url;
  const used =
    provider ??
    twilioProvider({
      accountSid: ACCOUNT,
      authToken: TOKEN,
      from: FROM,
      messagingServiceSid: undefined,
      baseUrl: twilio.url,
      timeout: 300,
      publicUrl: url,
      log,
    });
  const self: SmsHouse = {
    settings: {
      ...SMS_SETTINGS,
      ...given,
    },
    twilio,
    url,
    lines,
    house: await openHouse(() => [
      { name: "sms", handle: (tx, event) => smsEvents(self.dependencies()).handle(tx, event) },
    ]),
    dependencies: () => ({
      directory: self.house.dependencies.directory,
      settings: self.house.dependencies.settings,
      smsSettings: self.settings,
      provider: used,
      now: self.house.dependencies.now,
      database: self.house.database,
    }),
    between: (one, other) => self.house.opened(one, { users: [other] }),
    async work(rounds = 10) {
      for (let round = 0; round < rounds; round++) {
        const jobs = await self.house.takeJobs("sms");
        if (jobs.length === 0) return;
        for (const { sms_id } of jobs) await workOnSms(self.dependencies(), String(sms_id));
        await twilio.settled();
      }
    },
    async states() {
      const found = await self.house.database.query<{ state: string }>(
        "SELECT state FROM sms_messages ORDER BY id",
      );
      return found.rows.map(({ state }) => state);
    },
    async notes() {
      return (await self.house.sent()).flatMap(({ type, content }) =>
        type === "m.room.message" && typeof content.body === "string" ? [content.body] : [],
      );
    },
    async signs(event) {
      const found = await self.house.database.query<{ key: string }>(
        `SELECT content->'m.relates_to'->>'key' AS key FROM outbox
         WHERE type = 'm.reaction' AND target_event = $1 ORDER BY seq`,
        [event],
      );
      return found.rows.map(({ key }) => key);
    },
    async press(room, key, from = "anna", nth = 0) {
      const { rows } = await self.house.database.query<{ ref: string }>(
        "SELECT ref FROM outbox WHERE ref ~ '^sms-review:[0-9]+:[^:]+$' ORDER BY seq",
      );
      const question = await self.house.event({
        room,
        sender: self.house.dependencies.settings.bot,
        type: "m.room.message",
        content: { msgtype: "m.notice", body: "?", "au.healthtrack.whisper.ref": rows[nth]?.ref },
      });
      await self.house.event({
        room,
        sender: id(from),
        type: "m.reaction",
        content: { "m.relates_to": { rel_type: "m.annotation", event_id: question, key } },
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await self.house.close();
      await twilio.stop();
    },
  };
  // As behind a proxy that takes the path away.
  const webhooks = used.webhooks?.(providerReports(self.dependencies()));
  if (webhooks !== undefined)
    app.use(
      (request, _response, next) => {
        if (path !== "" && request.url.startsWith(path)) {
          request.url = request.url.slice(path.length);
          request.originalUrl = request.url;
        }
        next();
      },
      express.Router().use("/webhooks/twilio", webhooks),
    );
  app.use(answerErrors(log));
  await self.house.staff({
    users: [
      { username: "anna", name: "Anna Lee" },
      { username: "mia", name: "Mia Chen", mobile: "0412 345 678" },
    ],
  });
  self.house.clock = Date.now();
  return self;
}

export { id, logProvider };
