// The specs are named by the scripts of package.json: mocha would add those named here to any named by hand.
module.exports = {
  require: ["test/support/run/hooks.ts"],
  reporter: "test/support/run/reporter.ts",
  // Waits in the tests are bounded by themselves and say what they waited for; this bound only catches what hangs.
  timeout: 60_000,
  slow: 2_000,
  // Client libraries leave timers and sockets behind; what the tests started has been stopped by the root hooks.
  exit: true,
  // A machine of CI's may be busy with others' work: one more try there, which the report names. None anywhere else.
  retries: process.env.CI ? 1 : 0,
  "forbid-only": Boolean(process.env.CI),
  // A program that only tests need may be missing on a developer's machine (test/support/run/programs.ts), and not in CI.
  "forbid-pending": Boolean(process.env.NOTHING_LEFT_OUT),
};
