/**
 * Mocha's readable report, and as the last line one that a machine can read: `N passed, N failed`. With `--parallel`
 * the tests of a file are reported together when the file is done, so that the reports of two files never mix.
 */
import Mocha from "mocha";
import { reasonToLeaveOut } from "./programs.ts";

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    // A second try is never silent: someone has to find out why it was needed.
    const triedAgain: string[] = [];
    runner.on("retry", (test, error) => {
      const line = `tried again: ${test.fullTitle()}: ${error.message.split("\n")[0]}\n`;
      triedAgain.push(line);
      process.stdout.write(`    ↻ ${line}`);
    });
    const leftOut = new Map<string, number>();
    runner.on("pending", (test) => {
      const reason = reasonToLeaveOut(test) ?? "marked to be skipped";
      leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    });
    // After the list of failures, which Spec writes on the same event.
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      // Once more here: only the end of CI's report is kept.
      for (const line of triedAgain) process.stdout.write(line);
      for (const [reason, count] of leftOut) process.stdout.write(`${count} left out: ${reason}\n`);
      const missed = pending > 0 ? `, ${pending} left out` : "";
      process.stdout.write(`${passes} passed, ${failures} failed${missed}\n`);
    });
  }
}
