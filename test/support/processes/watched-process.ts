/** A process under a watchdog of 2 seconds. Its argument says what it does. Each line it writes is a beat. */
import inspector from "node:inspector";
import pino from "pino";
import { watchEventLoop } from "../../../src/wiring/watchdog.ts";

const [what = ""] = process.argv.slice(2);
if (what === "debugged") inspector.open(0, "127.0.0.1");
watchEventLoop(pino({ base: null }), 2_000);
process.stdout.write("runs\n");

/** Blocks the event loop for this many milliseconds. */
function stand(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

switch (what) {
  case "ends":
    break;
  case "hangs":
    setTimeout(() => stand(Number.POSITIVE_INFINITY), 100);
    break;
  case "debugged":
    setTimeout(() => {
      stand(6_000);
      process.exit(7);
    }, 500);
    break;
  case "lives":
    setInterval(() => process.stdout.write("beat\n"), 100);
}
