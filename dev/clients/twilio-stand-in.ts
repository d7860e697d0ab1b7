/**
 * Twilio, as far as Whisper uses it: it keeps what it accepted, calls back with signatures, and fails on request. With
 * magic numbers as Twilio's test credentials have them, and more for what happens later.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { ACCOUNT, call, FROM, TOKEN } from "./twilio-account.ts";

/** What the number's last digits mean. Any other number is delivered. */
export const MAGIC = {
  invalid: "+61400000021",
  stopped: "+61400000022",
  landline: "+61400000023",
  unreachable: "+61400000024",
  filtered: "+61400000025",
} as const;
const REFUSED: Readonly<Record<string, number>> = {
  [MAGIC.invalid]: 21_211,
  [MAGIC.stopped]: 21_610,
  [MAGIC.landline]: 21_614,
};
const UNDELIVERED: Readonly<Record<string, number>> = {
  [MAGIC.unreachable]: 30_003,
  [MAGIC.filtered]: 30_007,
};

/** What happens to the next requests to send, one after another. */
export type Fault =
  | "503 accepted"
  | "503 not accepted"
  | "429"
  | "answer lost"
  | "answer cut off"
  | "connection reset"
  | "no answer"
  | "callback first";

export interface SentSms {
  readonly sid: string;
  readonly to: string;
  readonly body: string;
  readonly callback: string;
  status: string;
  errorCode: number | null;
  readonly createdAt: Date;
}

export class TwilioStandIn {
  readonly url: string;
  /** Everything accepted, in order. */
  readonly sent: SentSms[] = [];
  /** Where its calls go: Whisper's `public_url`. */
  whisper = "";
  /** Requests to send, accepted or not. */
  asked = 0;
  readonly faults: Fault[] = [];
  /** Calls back by itself: `sent`, then `delivered` or what the number means. */
  callsBack = true;
  /** How often each report is made, and whether the last comes first. */
  doubled = false;
  reversed = false;
  /** Called when a request to send has come. `drop`: the connection breaks, and nothing is accepted. */
  onRequest: (() => Promise<"drop" | undefined>) | null = null;
  /** Called when an SMS has been accepted, before the request is answered. */
  onAccepted: ((sms: SentSms) => Promise<unknown>) | null = null;
  readonly #server: Server;
  readonly #calls = new Set<Promise<unknown>>();
  #ids = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    server.on("request", (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(port = 0): Promise<TwilioStandIn> {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new TwilioStandIn(server, address.port);
  }

  async stop(): Promise<void> {
    await this.settled();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** The environment for a Whisper that sends through it. */
  env(): NodeJS.ProcessEnv {
    return {
      WHISPER_SMS__PROVIDER: "twilio",
      WHISPER_SMS__TWILIO__ACCOUNT_SID: ACCOUNT,
      WHISPER_SMS__TWILIO__AUTH_TOKEN: TOKEN,
      WHISPER_SMS__TWILIO__FROM: FROM,
      WHISPER_SMS__TWILIO__BASE_URL: this.url,
    };
  }

  /** Waits until every report has been made. */
  async settled(): Promise<void> {
    while (this.#calls.size > 0) await Promise.all(this.#calls);
  }

  to(number: string): SentSms[] {
    return this.sent.filter(({ to }) => to === number);
  }

  /** What becomes of an SMS, reported again from the start: for a Whisper that was away. */
  follow(sms: SentSms): Promise<void> {
    return this.#course(sms);
  }

  /** Makes a report, as Twilio would. @returns the answer's status, 0 if there was none. */
  async report(sms: SentSms, status: string, errorCode: number | null = null): Promise<number> {
    return call(sms.callback, {
      AccountSid: ACCOUNT,
      MessageSid: sms.sid,
      SmsSid: sms.sid,
      MessageStatus: status,
      SmsStatus: status,
      To: sms.to,
      From: FROM,
      ...(errorCode === null ? {} : { ErrorCode: String(errorCode) }),
    });
  }

  /** Someone sends an SMS to the practice. */
  incoming(from: string, body: string, sid = `SM${hex(++this.#ids, "i")}`): Promise<number> {
    return call(`${this.whisper}/webhooks/twilio/inbound`, {
      AccountSid: ACCOUNT,
      MessageSid: sid,
      From: from,
      To: FROM,
      Body: body,
      NumMedia: "0",
      NumSegments: "1",
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    if (request.method === "POST" && url.pathname === "/reply") {
      const form = new URLSearchParams(await text(request));
      const status = await this.incoming(form.get("from") ?? "", form.get("body") ?? "");
      return json(response, 200, { whisper_answered: status });
    }
    const expected = `Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString("base64")}`;
    if (request.headers.authorization !== expected)
      return json(response, 401, { code: 20_003, message: "Authenticate", status: 401 });
    const path = `/2010-04-01/Accounts/${ACCOUNT}/Messages`;
    if (request.method === "POST" && url.pathname === `${path}.json`)
      return this.#create(new URLSearchParams(await text(request)), request, response);
    if (request.method === "GET" && url.pathname === `${path}.json`) {
      const found = this.to(url.searchParams.get("To") ?? "").toReversed();
      const [page, size] = ["Page", "PageSize"].map((name) => Number(url.searchParams.get(name) ?? 0));
      const [from, to] = [(page ?? 0) * (size || 50), ((page ?? 0) + 1) * (size || 50)];
      url.searchParams.set("Page", String((page ?? 0) + 1));
      const next = to < found.length ? `${url.pathname}${url.search}` : null;
      return json(response, 200, {
        messages: found.slice(from, to).map(shown),
        next_page_uri: next,
        page: page ?? 0,
        page_size: size || 50,
      });
    }
    const one = this.sent.find(({ sid }) => url.pathname === `${path}/${sid}.json`);
    if (request.method === "GET" && one !== undefined) return json(response, 200, shown(one));
    json(response, 404, { code: 20_404, message: "not found", status: 404 });
  }

  async #create(form: URLSearchParams, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked += 1;
    if ((await this.onRequest?.()) === "drop") return void request.socket.destroy();
    const fault = this.faults.shift();
    switch (fault) {
      case "429":
        response.setHeader("Retry-After", "1");
        return json(response, 429, { code: 20_429, message: "Too many requests", status: 429 });
      case "503 not accepted":
        return json(response, 503, { code: 20_500, message: "Unavailable", status: 503 });
      case "connection reset":
        return void request.socket.resetAndDestroy();
      default:
        break;
    }
    const [to, body] = [form.get("To") ?? "", form.get("Body") ?? ""];
    const code = REFUSED[to] ?? (body === "" || body.length > 1_600 ? 21_617 : undefined);
    if (code !== undefined) return json(response, 400, { code, message: `refused ${to}`, status: 400 });
    const sms: SentSms = {
      sid: `SM${hex(++this.#ids, "0")}`,
      to,
      body,
      callback: form.get("StatusCallback") ?? "",
      status: "queued",
      errorCode: null,
      createdAt: new Date(),
    };
    this.sent.push(sms);
    await this.onAccepted?.(sms);
    if (fault === "callback first") await this.#course(sms);
    else if (this.callsBack) this.#later(this.#course(sms));
    switch (fault) {
      case "503 accepted":
        return json(response, 503, { code: 20_500, message: "Unavailable", status: 503 });
      case "answer lost":
        return void response.destroy();
      case "answer cut off":
        response.writeHead(201, { "content-type": "application/json", "content-length": "900" });
        response.write('{"sid": "SM');
        return void setTimeout(() => response.destroy(), 20);
      case "no answer":
        return;
      default:
        return json(response, 201, shown(sms));
    }
  }

  #later(work: Promise<unknown>): void {
    const call = work.catch(() => undefined).finally(() => this.#calls.delete(call));
    this.#calls.add(call);
  }

  /** What becomes of an SMS. */
  async #course(sms: SentSms): Promise<void> {
    const failed = UNDELIVERED[sms.to] ?? null;
    const steps: [string, number | null][] = [
      ["sent", null],
      failed === null ? ["delivered", null] : ["undelivered", failed],
    ];
    for (const [status, code] of this.reversed ? steps.toReversed() : steps) {
      if (sms.status !== "delivered" && sms.status !== "undelivered") sms.status = status;
      if (code !== null) sms.errorCode = code;
      for (let times = 0; times < (this.doubled ? 2 : 1); times++) await this.report(sms, status, code);
    }
  }
}

const hex = (id: number, kind: string): string =>
  (kind === "i" ? "f" : "0") + id.toString(16).padStart(31, "0");

const shown = (sms: SentSms) => ({
  sid: sms.sid,
  account_sid: ACCOUNT,
  to: sms.to,
  from: FROM,
  body: sms.body,
  status: sms.status,
  direction: "outbound-api",
  error_code: sms.errorCode,
  error_message: null,
  num_segments: "1",
  num_media: "0",
  price: null,
  price_unit: "AUD",
  messaging_service_sid: null,
  api_version: "2010-04-01",
  date_created: sms.createdAt.toUTCString(),
  date_updated: sms.createdAt.toUTCString(),
  date_sent: null,
  uri: `/2010-04-01/Accounts/${ACCOUNT}/Messages/${sms.sid}.json`,
  subresource_uris: {},
});

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function text(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
