import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";

const WATCHED = join(import.meta.dirname, "..", "..", "support", "processes", "watched-process.ts");

describe("the watchdog", () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill("SIGKILL"));

  function start(what: string) {
    const started = spawn(process.execPath, [WATCHED, what], { stdio: ["ignore", "pipe", "ignore"] });
    child = started;
    const lines: string[] = [];
    const read = createInterface(started.stdout);
    read.on("line", (line) => lines.push(line));
    return { started, lines, read, ended: once(started, "exit") };
  }

  it("ends a process whose event loop is blocked, and says why in one log line", async () => {
    const { lines, ended } = start("hangs");
    expect(await ended).to.deep.equal([null, "SIGKILL"]);
    const [first, line, ...others] = lines;
    expect(first).to.equal("runs");
    expect(others).to.deep.equal([]);
    expect(JSON.parse(line ?? "")).to.include({
      level: 60,
      msg: "Whisper was blocked for 2 seconds and is killed; its supervisor should restart it",
    });
  });

  it("does not keep a finished process from ending", async () => {
    const { lines, ended } = start("ends");
    expect(await ended).to.deep.equal([0, null]);
    expect(lines).to.deep.equal(["runs"]);
  });

  it("leaves a process alone if it was suspended, like a machine that slept", async () => {
    const { started, lines, read } = start("lives");
    await once(read, "line");
    for (let times = 0; times < 2; times++) {
      started.kill("SIGSTOP");
      // The watchdog has to cope with the elapsed time itself.
      await wait(6_000);
      started.kill("SIGCONT");
      const before = lines.length;
      while (lines.length < before + 5) await once(read, "line");
    }
    expect(started.exitCode ?? started.signalCode).to.equal(null);
    expect(lines.filter((line) => line.includes("was blocked"))).to.deep.equal([]);
  });

  it("leaves a process alone if it is being debugged", async () => {
    const { ended } = start("debugged");
    expect(await ended).to.deep.equal([7, null]);
  });
});
