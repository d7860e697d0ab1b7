import { createServer, type RequestListener, type Server } from "node:http";

export interface ListenOptions {
  readonly port: number;
  readonly bind: string;
}

/** Serves `app`. @throws if the address is in use. */
export function listen(app: RequestListener, { port, bind }: ListenOptions): Promise<Server> {
  const server = createServer({ noDelay: true, keepAlive: true }, app);
  // Longer than the idle time of any proxy in front, so that no proxy reuses a connection that is being closed.
  server.keepAliveTimeout = 75_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, bind, () => {
      server.removeListener("error", reject);
      resolve(server);
    });
  });
}

/** Accepts no new requests, lets running ones finish for `patience` milliseconds, then cuts the rest. */
export function close(server: Server, patience: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), patience).unref();
  // A kept-alive connection becomes idle when its last request is answered; nobody else would close it then.
  const sweep = setInterval(() => server.closeIdleConnections(), 50).unref();
  return new Promise((resolve, reject) => {
    server.close((error) => {
      clearTimeout(cut);
      clearInterval(sweep);
      if (error) reject(error);
      else resolve();
    });
    server.closeIdleConnections();
  });
}
