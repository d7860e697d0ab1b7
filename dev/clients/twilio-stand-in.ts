/**
 * Twilio, as far as Whisper uses it: it keeps what it accepted, calls back with signatures, and fails on request. With
 * magic numbers as Twilio's test credentials have them, and more for what happens later. Every request and answer
 * passes Prism, with Twilio's own document.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { ACCOUNT, call, FROM, TOKEN } from "./twilio-account.ts";
import { type TwilioAnswer, TwilioContract } from "./twilio-contract.ts";
import { REFUSED, UNDELIVERED } from "./twilio-magic.ts";
import { pageOf, type ReceivedSms, type SentSms, sentAsShown } from "./twilio-messages.ts";

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

/** What the stand-in answers, and how the connection ends: an answer that was decided may never arrive. */
type Answer = TwilioAnswer & { readonly ends?: "reset" | "lost" | "cut off" | "never" };

export class TwilioStandIn {
  readonly url: string;
  /** Everything accepted, in order. */
  readonly sent: SentSms[] = [];
  /** Everything that came in, in order. */
  readonly received: ReceivedSms[] = [];
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
  /** Called before a list is answered. */
  onListed: (() => Promise<"drop" | undefined>) | null = null;
  /** Called when an SMS has been accepted, before the request is answered. */
  onAccepted: ((sms: SentSms) => Promise<unknown>) | null = null;
  /** Milliseconds by which its clock is ahead of this machine's. */
  clockAhead = 0;
  readonly #contract: TwilioContract;
  readonly #server: Server;
  readonly #calls = new Set<Promise<unknown>>();
  #ids = 0;

  private constructor(contract: TwilioContract, server: Server, port: number) {
    this.#contract = contract;
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    server.on("request", (request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(port = 0): Promise<TwilioStandIn> {
    const contract = await TwilioContract.open();
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new TwilioStandIn(contract, server, address.port);
  }

  /** @throws if Twilio would not have taken a request, or not have given an answer. */
  async stop(): Promise<void> {
    await this.settled();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
    const wrong = this.#contract.violations.splice(0);
    if (wrong.length > 0) throw new Error(`against Twilio's document: ${[...new Set(wrong)].join("; ")}`);
  }

  /** Its time now. */
  get now(): Date {
    return new Date(Date.now() + this.clockAhead);
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

  /** Someone sends an SMS to the practice, and Twilio calls Whisper. @returns the answer's status, 0 if there was none. */
  incoming(from: string, body: string, sid?: string): Promise<number> {
    return this.tell(this.receive(from, body, sid));
  }

  /** Someone sends an SMS to the practice, and Twilio does not get through to Whisper. */
  receive(from: string, body: string, sid = `SM${hex(++this.#ids, "f")}`): ReceivedSms {
    const known = this.received.find((sms) => sms.sid === sid);
    if (known !== undefined) return known;
    const received = { sid, from, body, createdAt: this.now };
    this.received.push(received);
    return received;
  }

  /** Twilio's call about an SMS that came in. @returns the answer's status, 0 if there was none. */
  tell({ sid, from, body }: ReceivedSms): Promise<number> {
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
    const form = request.method === "POST" ? await text(request) : "";
    response.setHeader("Date", this.now.toUTCString());
    if (request.method === "POST" && url.pathname === "/reply") {
      const reply = new URLSearchParams(form);
      const status = await this.incoming(reply.get("from") ?? "", reply.get("body") ?? "");
      return json(response, { status: 200, body: { whisper_answered: status } });
    }
    let decided: Answer | undefined;
    const passed = await this.#contract.pass(
      {
        method: request.method === "POST" ? "post" : "get",
        url: { path: url.pathname, query: Object.fromEntries(url.searchParams) },
        headers: headersOf(request),
        body: form,
      },
      async () => {
        decided = await this.#decide(request, url, new URLSearchParams(form));
        return decided;
      },
    );
    switch (decided?.ends) {
      case "reset":
        return void request.socket.resetAndDestroy();
      case "lost":
        return void request.socket.destroy();
      case "cut off":
        response.writeHead(201, { "content-type": "application/json", "content-length": "900" });
        response.write('{"sid": "SM');
        return void setTimeout(() => response.destroy(), 20);
      case "never":
        return;
      default:
        if (passed.status === 429) response.setHeader("Retry-After", "1");
        return json(response, passed);
    }
  }

  async #decide(request: IncomingMessage, url: URL, form: URLSearchParams): Promise<Answer> {
    const expected = `Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString("base64")}`;
    if (request.headers.authorization !== expected) return refusal(401, 20_003, "Authenticate");
    if (request.method === "POST") return this.#create(form);
    const sid = /\/Messages\/(\w+)[.]json$/.exec(url.pathname)?.[1];
    if (sid === undefined) {
      const listed: Answer = { status: 200, body: pageOf(url.searchParams, this.sent, this.received) };
      return (await this.onListed?.()) === "drop" ? { ...listed, ends: "lost" } : listed;
    }
    const one = this.sent.find((sms) => sms.sid === sid);
    return one === undefined ? refusal(404, 20_404, "not found") : { status: 200, body: sentAsShown(one) };
  }

  async #create(form: URLSearchParams): Promise<Answer> {
    this.asked += 1;
    const unavailable = refusal(503, 20_500, "Unavailable");
    if ((await this.onRequest?.()) === "drop") return { ...unavailable, ends: "lost" };
    const fault = this.faults.shift();
    switch (fault) {
      case "429":
        return refusal(429, 20_429, "Too many requests");
      case "503 not accepted":
        return unavailable;
      case "connection reset":
        return { ...unavailable, ends: "reset" };
      default:
        break;
    }
    const to = form.get("To") ?? "";
    const code = REFUSED[to];
    if (code !== undefined) return refusal(400, code, `refused ${to}`);
    const sms: SentSms = {
      sid: `SM${hex(++this.#ids, "0")}`,
      to,
      body: form.get("Body") ?? "",
      callback: form.get("StatusCallback") ?? "",
      status: "queued",
      errorCode: null,
      createdAt: this.now,
    };
    this.sent.push(sms);
    await this.onAccepted?.(sms);
    if (fault === "callback first") await this.#course(sms);
    else if (this.callsBack) this.#later(this.#course(sms));
    const accepted: Answer = { status: 201, body: sentAsShown(sms) };
    switch (fault) {
      case "503 accepted":
        return unavailable;
      case "answer lost":
        return { ...accepted, ends: "lost" };
      case "answer cut off":
        return { ...accepted, ends: "cut off" };
      case "no answer":
        return { ...accepted, ends: "never" };
      default:
        return accepted;
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

const hex = (id: number, kind: "0" | "f"): string => kind + id.toString(16).padStart(31, "0");

const refusal = (status: number, code: number, message: string): Answer => ({
  status,
  body: { code, message, status },
});

function json(response: ServerResponse, { status, body }: TwilioAnswer): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
