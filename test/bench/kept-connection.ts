import { Agent, request } from "node:http";

/** Connections that stay open, as between servers, so that no figure includes opening them. */
export class KeptConnection {
  readonly #base: URL;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(base: string, token: string, connections = 1) {
    this.#base = new URL(base);
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** @throws unless the answer is 2xx, or one of `also`. */
  call(method: string, path: string, body: unknown, also: readonly number[] = []): Promise<unknown> {
    const text = Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: this.#base.hostname,
          port: this.#base.port,
          agent: this.#agent,
          method,
          path,
          headers: {
            authorization: `Bearer ${this.#token}`,
            "content-type": "application/json",
            "content-length": text.length,
          },
        },
        (response) => {
          const pieces: Buffer[] = [];
          response.on("data", (piece: Buffer) => pieces.push(piece));
          response.on("error", reject);
          response.on("end", () => {
            const answer = Buffer.concat(pieces).toString("utf8");
            const status = response.statusCode ?? 0;
            if ((status >= 200 && status < 300) || also.includes(status)) resolve(JSON.parse(answer));
            else reject(new Error(`${status} to ${method} ${path}: ${answer.slice(0, 500)}`));
          });
        },
      );
      sent.setNoDelay(true);
      sent.on("error", reject);
      sent.end(text);
    });
  }

  /** Milliseconds until the answer arrived. */
  async timed(method: string, path: string, body: unknown, also?: readonly number[]): Promise<number> {
    const started = performance.now();
    await this.call(method, path, body, also);
    return performance.now() - started;
  }

  close(): void {
    this.#agent.destroy();
  }
}
