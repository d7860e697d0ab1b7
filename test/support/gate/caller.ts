/** Somebody with an access token, and the raw requests that they make: paths go out exactly as they are written. */
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { EventId, RoomId, UserId } from "../../../src/policy/model.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Without the Authorization header: the token is in the query, or there is none. */
  readonly withoutToken?: boolean;
}

export class Caller {
  readonly homeserver: string;
  readonly userId: UserId;
  readonly token: string;
  #transaction = 0;

  constructor(homeserver: string, userId: UserId, token: string) {
    this.homeserver = homeserver;
    this.userId = userId;
    this.token = token;
  }

  /** The same person at another address: through the gate, through nginx. */
  at(homeserver: string): Caller {
    return new Caller(homeserver, this.userId, this.token);
  }

  /** Node's own client, because fetch would tidy the path up before sending it. */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.homeserver);
    const raw = options.body instanceof Buffer;
    const body =
      options.body === undefined
        ? undefined
        : raw
          ? (options.body as Buffer)
          : Buffer.from(JSON.stringify(options.body));
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        {
          hostname,
          port,
          method,
          path,
          headers: {
            ...(options.withoutToken ? {} : { authorization: `Bearer ${this.token}` }),
            ...(body === undefined
              ? {}
              : { "content-type": "application/json", "content-length": body.length }),
            ...options.headers,
          },
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      sent.once("error", reject);
      sent.setTimeout(30_000, () => sent.destroy(new Error(`${method} ${path} took more than 30 s`)));
      sent.end(body);
    });
  }

  /** A request that must succeed. */
  async json(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.request(method, path, body === undefined ? {} : { body });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text) as Record<string, unknown>;
  }

  async send(room: RoomId, type: string, content: object): Promise<EventId> {
    const txn = `${Date.now()}-${++this.#transaction}`;
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/${type}/${txn}`;
    return (await this.json("PUT", path, content)).event_id as EventId;
  }

  say(room: RoomId, body: string, more: object = {}): Promise<EventId> {
    return this.send(room, "m.room.message", { msgtype: "m.text", body, ...more });
  }

  /** @returns the mxc address of the file. */
  async upload(content: Buffer, type = "image/png"): Promise<string> {
    const answer = await this.request("POST", "/_matrix/media/v3/upload?filename=x.png", {
      body: content,
      headers: { "content-type": type },
    });
    if (answer.status !== 200) throw new Error(`upload: ${answer.status} ${answer.text}`);
    return String((JSON.parse(answer.text) as { content_uri: unknown }).content_uri);
  }
}
