/** The options of `npm run dev --` and `npm run demo --`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { workFolder } from "./base/repository.ts";

export interface Options {
  /** A sample practice and a tour, rather than an empty directory. */
  readonly demo: boolean;
  readonly tour: boolean;
  /** Stop after the tour. */
  readonly once: boolean;
  /** SMS go to a stand-in of Twilio on this machine, and the tour shows one. */
  readonly sms: boolean;
  readonly stateDir: string;
  readonly ports: "fixed" | "auto";
  readonly help: boolean;
}

export const USAGE = `Runs Whisper with a homeserver and a database on this machine.

  npm run dev  [-- options]     an empty directory; Whisper restarts when src/ changes
  npm run demo [-- options]     a sample practice, and a tour of it with real clients

  --state DIR     keep all state in DIR instead of .whisper (or ~/.cache/whisper, if this checkout cannot be written)
  --ports auto    use free ports instead of 8008 (clients), 8009 (Synapse), 9000 (Whisper), 9001 (PostgreSQL)
  --no-tour       demo: the sample practice without the tour
  --sms           demo: SMS go out to a stand-in of Twilio on this machine, which shows them and takes replies
  --once          demo: stop after the tour; the exit code says whether it succeeded
  --help          show this text

  DATABASE_URL    use this PostgreSQL database instead of starting one
  WHISPER_…       any of Whisper's settings, passed on to it
`;

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      demo: { type: "boolean", default: false },
      "no-tour": { type: "boolean", default: false },
      once: { type: "boolean", default: false },
      sms: { type: "boolean", default: false },
      state: { type: "string", default: workFolder() },
      ports: { type: "string", default: "fixed" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.ports !== "fixed" && values.ports !== "auto") {
    throw new Error(`--ports must be "auto" or "fixed", not "${values.ports}"`);
  }
  if (values.state === "") throw new Error("--state needs a directory");
  const [forDemo] = (["once", "no-tour", "sms"] as const).filter((option) => values[option]);
  if (!values.demo && forDemo !== undefined)
    throw new Error(`--${forDemo} is only for the demo: npm run demo -- …`);
  return {
    demo: values.demo,
    tour: values.demo && !values["no-tour"],
    once: values.once,
    sms: values.sms,
    // npm changes to the package's directory, but a relative path means the directory that the person is in.
    stateDir: resolve(process.env.INIT_CWD ?? process.cwd(), values.state),
    ports: values.ports,
    help: values.help,
  };
}
