/** Mocha's readable report, and as the last line one that a machine can read: `N passed, N failed`. */
import Mocha from "mocha";
import { reasonToLeaveOut } from "./programs.ts";

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    // A test that needed a second try is never silent: somebody has to find out why.
    runner.on("retry", (test, error) => {
      process.stdout.write(`    ↻ tried again: ${test.fullTitle()}: ${error.message.split("\n")[0]}\n`);
    });
    const leftOut = new Map<string, number>();
    runner.on("pending", (test) => {
      const reason = reasonToLeaveOut(test) ?? "marked to be skipped";
      leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    });
    // After the report of failures, which Spec writes at the same event.
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      for (const [reason, count] of leftOut) process.stdout.write(`${count} left out: ${reason}\n`);
      const missed = pending > 0 ? `, ${pending} left out` : "";
      process.stdout.write(`${passes} passed, ${failures} failed${missed}\n`);
    });
  }
}
