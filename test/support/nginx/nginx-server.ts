/** Debian's nginx with the product's own files, on a free port, in front of the servers named. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answers } from "../../../dev/base/processes.ts";
import { freePort } from "../../../dev/stack/ports.ts";
import { eventually } from "../eventually.ts";

export const NGINX = join(import.meta.dirname, "../../../docker/nginx");

export interface Addresses {
  readonly synapse: string;
  readonly whisper: string;
  readonly element: string;
}

export interface Nginx {
  readonly url: string;
  /** The access log, as written in production. */
  accessLog(): string;
  stop(): Promise<void>;
}

const constants = (to: Addresses) =>
  Object.entries({ ...to, public_host: "chat.practice.example", matrix_server: "practice.example" })
    .map(([name, value]) => `map "" $${name} { default "${value}"; }`)
    .join("\n");

/** Copies the product's files to where a configuration in `directory` finds them as `whisper/…`. */
export function placeFiles(directory: string): void {
  mkdirSync(join(directory, "whisper"), { recursive: true });
  for (const name of ["routes.conf", "maps.conf", "to.conf", "headers.conf", "gated-paths.map"]) {
    copyFileSync(join(NGINX, name), join(directory, "whisper", name));
  }
}

/** What the nginx image's own nginx.conf puts around the product's configuration. */
export function around(directory: string, http: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join("\n");
  return `daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log warn;
events { worker_connections 1024; }
http {
default_type application/octet-stream;
${temporary}
${http}
}
`;
}

export async function startNginx(to: Addresses): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), "whisper-nginx-"));
  const port = await freePort();
  placeFiles(directory);
  const http = `${constants(to)}
include whisper/maps.conf;
access_log ${directory}/access.log whisper;
server { listen 127.0.0.1:${port}; include whisper/routes.conf; }`;
  writeFileSync(join(directory, "nginx.conf"), around(directory, http));
  const child: ChildProcess = spawn(
    "nginx",
    ["-p", directory, "-c", join(directory, "nginx.conf"), "-e", join(directory, "error.log")],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(
    "nginx to start",
    async () => child.exitCode !== null || (await answers(`${url}/nginx-health`)) === "ready",
  );
  if (child.exitCode !== null) {
    const log = readFileSync(join(directory, "error.log"), "utf8");
    throw new Error(`nginx did not start: ${complaint}${log}`);
  }
  return {
    url,
    accessLog: () => readFileSync(join(directory, "access.log"), "utf8"),
    async stop() {
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
