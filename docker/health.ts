/**
 * The container's health check: does Whisper answer? Docker only reports an unhealthy container and does not restart it.
 * So this kills Whisper after six failures in a row (a minute), and `restart` does the rest. Whisper's own watchdog kills
 * it sooner when its event loop is blocked; this covers every other cause.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MOST_FAILURES = 6;
const PATIENCE = 4_000;

const [url = ""] = process.argv.slice(2);
const processes = process.env.HEALTH_PROCESSES ?? "/proc";
const state = process.env.HEALTH_STATE ?? join(tmpdir(), "whisper-health");

async function answers(): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(PATIENCE) })).ok;
  } catch {
    return false;
  }
}

/** The process ids of `whisper serve`. Process 1 is the init above it, with the same words in its command line. */
function serving(): number[] {
  return readdirSync(processes).filter(isServing).map(Number);
}

function isServing(id: string): boolean {
  if (!/^\d{1,10}$/.test(id) || id === "1") return false;
  try {
    const words = readFileSync(join(processes, id, "cmdline"), "utf8").split("\0");
    return words.includes("serve") && words.some((word) => word.endsWith("/src/cli.ts"));
  } catch {
    return false; // it has ended in the meantime
  }
}

/** How many times in a row these processes have failed; 0 for others. */
function failuresOf(ids: string): number {
  try {
    const [known, failures] = readFileSync(state, "utf8").split(" ");
    return known === ids ? Number(failures) : 0;
  } catch {
    return 0; // none so far
  }
}

if (await answers()) {
  rmSync(state, { force: true });
} else {
  process.exitCode = 1;
  const ids = serving();
  const failures = failuresOf(ids.join()) + 1;
  writeFileSync(state, `${ids.join()} ${failures}`);
  console.log(`Whisper is not answering (${failures} of ${MOST_FAILURES}).`);
  if (failures >= MOST_FAILURES) {
    for (const id of ids) process.kill(id, "SIGKILL");
    console.log("Killed it so that it is restarted.");
  }
}
