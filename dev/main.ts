/** `npm run dev` and `npm run demo`. */
import { join, relative } from "node:path";
import { messageOf } from "./base/processes.ts";
import { painter, printProgress } from "./base/progress.ts";
import { REPOSITORY } from "./base/repository.ts";
import { TwilioStandIn } from "./clients/twilio-stand-in.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { type Stack, startStack } from "./stack/stack.ts";
import { Supervisor } from "./stack/supervisor.ts";
import { watchSource } from "./stack/watch.ts";
import { DEMO_PASSWORD, SAMPLE_PRACTICE } from "./tour/sample-practice.ts";
import { moveIn, tour } from "./tour/tour.ts";

const progress = printProgress();
const paint = painter(process.stdout);

/** Aborts when someone asks us to end (no reason), or when we have to (with a reason). */
function endRequest(): {
  signal: AbortSignal;
  end: (reason?: Error) => void;
  reason: () => Error | undefined;
} {
  const controller = new AbortController();
  let reason: Error | undefined;
  const end = (why?: Error) => {
    if (!controller.signal.aborted) reason = why;
    controller.abort();
  };
  // A terminal sends Ctrl-C to npm and to us, and npm passes its own on. Several signals are normal and mean the same.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end());
  if (process.env.npm_lifecycle_event !== undefined) endWithParent(end);
  return { signal: controller.signal, end, reason: () => reason };
}

/** npm sends SIGTERM to the shell in which it runs us, and that shell dies without telling us. */
function endWithParent(end: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, 250);
  timer.unref();
}

async function main(options: Options): Promise<void> {
  const request = endRequest();
  progress.line();
  progress.line(`  ${paint.bold("Whisper")} ${paint.dim(options.demo ? "demonstration" : "development")}`);
  progress.line();
  const databaseUrl = process.env.DATABASE_URL;
  const twilio = options.sms ? await TwilioStandIn.start() : undefined;
  const stack = await startStack({
    stateDir: options.stateDir,
    ports: options.ports,
    progress,
    signal: request.signal,
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(twilio ? { env: twilio.env() } : {}),
  }).catch((error: unknown) => {
    if (request.signal.aborted) return undefined;
    throw error;
  });
  if (stack === undefined) return progress.line("  Stopped before it was ready.");
  const supervisor = new Supervisor(stack, progress, !options.demo, request.end);
  try {
    await Promise.race([run(stack, supervisor, options, request.signal, twilio), aborted(request.signal)]);
  } finally {
    await supervisor.stop();
    await progress.step("Stopped", () => stack.stop());
    await twilio?.stop();
  }
  const reason = request.reason();
  if (reason !== undefined) throw reason;
}

async function run(
  stack: Stack,
  supervisor: Supervisor,
  options: Options,
  signal: AbortSignal,
  twilio: TwilioStandIn | undefined,
): Promise<void> {
  if (twilio !== undefined) twilio.whisper = stack.publicUrl;
  if (options.demo) await demonstrate(stack, options, twilio);
  if (!options.once) printAddresses(stack, options);
  if (twilio !== undefined && !options.once) printSms(twilio);
  stack.announce();
  progress.line(`READY ${join(options.stateDir, "stack.json")}`);
  if (options.once) return;
  const unwatch = options.demo
    ? () => undefined
    : watchSource(join(REPOSITORY, "src"), (file) => supervisor.sourceChanged(file));
  await aborted(signal);
  unwatch();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** From now on each SMS is shown here, as a phone would. */
function printSms(twilio: TwilioStandIn): void {
  progress.line("  SMS go to a stand-in of Twilio and are shown here. To reply to one:");
  progress.line(`  curl --data-urlencode from=+61491570006 -d body="On my way" ${twilio.url}/reply`);
  progress.line();
  twilio.onAccepted = async ({ to, body }) =>
    progress.line(`  📱 SMS to ${to}: ${body.replaceAll("\n", " ")}`);
}

async function demonstrate(stack: Stack, options: Options, twilio: TwilioStandIn | undefined): Promise<void> {
  await progress.step("Sample practice", (say) => moveIn(stack, say));
  if (!options.tour) return;
  try {
    await tour(stack, twilio);
  } catch (error) {
    // With --once the tour is the purpose. Otherwise people can still look around.
    if (options.once) throw error;
    progress.line(`\n  ${paint.red("✗")} The tour stopped here: ${messageOf(error)}`);
  }
}

function printAddresses(stack: Stack, options: Options): void {
  progress.line();
  progress.line(`  Clients      http://localhost:${stack.ports.gate}`);
  progress.line(`  Synapse      ${stack.synapse}`);
  progress.line(`  Whisper API  ${stack.whisper}`);
  progress.line(`  API key      ${join(options.stateDir, "api-key")}`);
  progress.line(`  Logs         ${relative(process.cwd(), stack.whisperLog)}`);
  progress.line();
  if (!options.demo) return;
  progress.line("  Sign in with Element, or any Matrix client, at the address for clients:");
  progress.line();
  const row = (name: string, role: string, user: string) => `  ${name.padEnd(22)}${role.padEnd(30)}${user}`;
  progress.line(paint.dim(row("name", "role", "user name")));
  for (const { name, role, username } of SAMPLE_PRACTICE.users) {
    progress.line(row(name, role, stack.userId(username)));
  }
  progress.line();
  progress.line(`  Everyone's password: ${paint.bold(DEMO_PASSWORD)}    Ctrl-C stops everything.`);
  progress.line();
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else await main(options);
} catch (error) {
  const text = messageOf(error);
  const advice = /ENOSPC|No space left|disk is full/.test(text)
    ? "\nThe disk is full. Free some space and start again."
    : "";
  process.stderr.write(`\n${paint.red("✗")} ${text}${advice}\n`);
  process.exitCode = 1;
}
// Timers that a client library has left behind must not keep a stopped demonstration running.
process.exit();
