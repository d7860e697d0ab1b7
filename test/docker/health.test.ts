/** docker/health.ts, run as the image runs it, on processes that stand in for Whisper. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

const HEALTH = join(import.meta.dirname, "../../docker/health.ts");

describe("the container's health check", () => {
  let directory: string;
  let whisper: ChildProcess;
  let other: ChildProcess;
  let server: Server;
  let status: number | "silent";
  let port: number;

  /** Starts a process, and writes its command line to a directory like /proc. */
  function run(line: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1e9)"], { stdio: "ignore" });
    mkdirSync(join(directory, "proc", String(child.pid)), { recursive: true });
    writeFileSync(
      join(directory, "proc", String(child.pid), "cmdline"),
      line.map((word) => `${word}\0`).join(""),
    );
    return child;
  }
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "whisper-health-"));
    mkdirSync(join(directory, "proc", "sys"), { recursive: true });
    whisper = run(["node", "--max-semi-space-size=8", "/app/src/cli.ts", "serve"]);
    mkdirSync(join(directory, "proc", "1"));
    writeFileSync(join(directory, "proc", "1", "cmdline"), "docker-init\0--\0node\0/app/src/cli.ts\0serve\0");
    other = run(["node", "/app/src/cli.ts", "dead-letters", "list"]);
    status = 200;
    server = createServer((_, response) => {
      if (status !== "silent") response.writeHead(status).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    port = address.port;
  });
  afterEach(() => {
    whisper.kill("SIGKILL");
    other.kill("SIGKILL");
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true, force: true });
  });

  const check = () =>
    new Promise<number>((done) => {
      const environment = {
        ...process.env,
        HEALTH_PROCESSES: join(directory, "proc"),
        HEALTH_STATE: join(directory, "state"),
      };
      const child = execFile(
        process.execPath,
        [HEALTH, `http://127.0.0.1:${port}/health/live`],
        { env: environment },
        () => done(child.exitCode ?? -1),
      );
    });

  it("passes while Whisper answers", async () => {
    expect(await check()).to.equal(0);
    expect(whisper.signalCode).to.equal(null);
  });

  it("ends Whisper, and nothing else, after six missed answers in a row", async () => {
    const ended = once(whisper, "exit");
    for (const answer of [503, 503, "silent", 500, 503] as const) {
      status = answer;
      expect(await check()).to.equal(1);
    }
    status = 200;
    expect(await check()).to.equal(0);
    status = 503;
    for (let failures = 1; failures <= 5; failures++) expect(await check()).to.equal(1);
    expect(whisper.signalCode).to.equal(null);
    server.close();
    server.closeAllConnections();
    expect(await check()).to.equal(1);
    expect(await ended).to.deep.equal([null, "SIGKILL"]);
    expect(other.signalCode).to.equal(null);
  });

  it("restarts its count with a new process", async () => {
    status = 503;
    for (let failures = 1; failures <= 5; failures++) await check();
    rmSync(join(directory, "proc", String(whisper.pid)), { recursive: true });
    const next = run(["node", "/app/src/cli.ts", "serve"]);
    expect(await check()).to.equal(1);
    expect(next.signalCode).to.equal(null);
    expect(readFileSync(join(directory, "state"), "utf8")).to.equal(`${next.pid} 1`);
    next.kill("SIGKILL");
  });

  it("is in the image", () => {
    const root = join(import.meta.dirname, "../..");
    const image = readFileSync(join(root, "docker/Dockerfile"), "utf8");
    expect(image).to.match(/^COPY docker\/health\.ts \.\/docker\/health\.ts$/m);
    expect(image).to.match(/^ {2}CMD \["node", "\/app\/docker\/health\.ts", "http:/m);
    expect(readFileSync(join(root, "docker/Dockerfile.dockerignore"), "utf8")).to.match(
      /^!docker\/health\.ts$/m,
    );
  });
});
