/** Mocha's readable report, and as the last line one that a machine can read: `N passed, N failed`. */
import Mocha from "mocha";

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    // A test that needed a second try is never silent: somebody has to find out why.
    runner.on("retry", (test, error) => {
      process.stdout.write(`    ↻ tried again: ${test.fullTitle()}: ${error.message.split("\n")[0]}\n`);
    });
    // After the report of failures, which Spec writes at the same event.
    runner.once("end", () => {
      const { passes, failures, pending } = this.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : "";
      process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
    });
  }
}
