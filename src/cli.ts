import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { parse, stringify } from "yaml";
import product from "../package.json" with { type: "json" };
import { createApiKey, listApiKeys, revokeApiKey } from "./api/kernel/keys.ts";
import { ALL_SCOPES, isScope, type Scope } from "./api/kernel/scopes.ts";
import { registrationOf } from "./appservice/homeserver/registration.ts";
import { boardOf, MOST_ON_BOARD } from "./arrivals/notices/board.ts";
import { waitingArrivals } from "./arrivals/record/list.ts";
import { arrivalSettings } from "./arrivals/settings.ts";
import { fieldForTerminal, forTerminal } from "./base/shown-name.ts";
import { ConfigError, loadConfig } from "./config/load.ts";
import { importFile } from "./directory/import-file.ts";
import { directorySnapshot } from "./directory/snapshot.ts";
import { type DeadLetter, deadLetters, discardDeadLetter, retryDeadLetter } from "./jobs/dead-letters.ts";
import { serve } from "./main.ts";
import { type Database, openDatabase } from "./store/database.ts";
import { migrate } from "./store/migrate.ts";
import { auditRoomsCommand } from "./wiring/audit-command.ts";
import { checkConfig } from "./wiring/check-config.ts";
import { directoryChanges } from "./wiring/directory-changes.ts";
import { practiceSettings } from "./wiring/practice-settings.ts";
import {
  createKeysCommand,
  giveUpKeyCommand,
  recorderOf,
  rewrapCommand,
  rotateKeysCommand,
  verifyCommand,
} from "./wiring/record-commands.ts";

/** Names and errors come from outside: a terminal shows them and obeys none of it. */
const print = (text: string): void => console.log(forTerminal(text));

const program = new Command("whisper")
  .description("Whisper, the staff messenger for practices that run HealthTrack")
  .version(product.version)
  .showHelpAfterError()
  .configureHelp({ sortSubcommands: false });

const withConfig = (command: Command) =>
  command.option("-c, --config <file>", "configuration file", process.env.WHISPER_CONFIG ?? "whisper.yaml");

interface ConfigOption {
  readonly config: string;
}

withConfig(program.command("serve").description("run Whisper until it is stopped")).action(
  async ({ config }: ConfigOption) => {
    await serve(loadConfig(config, process.env));
  },
);

withConfig(program.command("check-config").description("check the configuration and report problems")).action(
  async ({ config }: ConfigOption) => {
    await checkConfig(config, loadConfig(config, process.env), print);
  },
);

interface RegistrationArguments extends ConfigOption {
  readonly out?: string;
  readonly url?: string;
  readonly rotate?: true;
}

withConfig(program.command("generate-registration").description("write the registration that Synapse reads"))
  .option("-o, --out <file>", "where to write it (default: appservice.registration)")
  .option("-u, --url <url>", "where Synapse reaches Whisper (default: http://127.0.0.1:<listen.port>)")
  .option("--rotate", "make new tokens; otherwise an existing file's tokens are kept")
  .action(({ config, out, url, rotate }: RegistrationArguments) => {
    const { homeserver, listen, appservice } = loadConfig(config, process.env);
    const file = out ?? appservice.registration;
    const tokens = rotate ? undefined : tokensOf(file);
    const registration = registrationOf({
      url: url ?? `http://127.0.0.1:${listen.port}`,
      serverName: homeserver.server_name,
      userPrefix: homeserver.user_prefix,
      bot: homeserver.bot,
      ...(tokens && { tokens }),
    });
    writeFileSync(file, stringify(registration), { mode: 0o600 });
    console.error(
      `Wrote ${file}. List it under app_service_config_files in Synapse's homeserver.yaml, and restart Synapse.`,
    );
  });

/** The tokens of an existing registration, so that writing it again does not lock Synapse out. */
function tokensOf(file: string): { as: string; hs: string } | undefined {
  if (!existsSync(file)) return undefined;
  const { as_token, hs_token } = (parse(readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>;
  const good = (token: unknown): token is string =>
    typeof token === "string" && !token.startsWith("CHANGE_ME");
  return good(as_token) && good(hs_token) ? { as: as_token, hs: hs_token } : undefined;
}

const apiKey = program.command("api-key").description("manage keys for the HTTP API");
withConfig(apiKey.command("create").description("make a key and print it; it is shown only once"))
  .requiredOption("--name <name>", "who uses it")
  .requiredOption("--scopes <scopes>", `${ALL_SCOPES.join(",")} or all`)
  .action(({ config, name, scopes }: ConfigOption & { name: string; scopes: string }) =>
    withDatabase(config, async (database) => {
      const { key } = await createApiKey(database, { name, scopes: scopesOf(scopes) });
      print(key);
    }),
  );

withConfig(apiKey.command("list").description("list the keys by id and name, without their secrets")).action(
  ({ config }: ConfigOption) =>
    withDatabase(config, async (database) => {
      for (const { id, name, scopes, revokedAt } of await listApiKeys(database)) {
        const state = revokedAt === null ? scopes.join(",") : `revoked ${revokedAt.toISOString()}`;
        print([id, name, state].map(fieldForTerminal).join("  "));
      }
    }),
);
withConfig(
  apiKey.command("revoke <key>").description("revoke a key by id or name; it stops working within seconds"),
).action((key: string, { config }: ConfigOption) =>
  withDatabase(config, async (database) => {
    if (!(await revokeApiKey(database, key)))
      throw new Error(`There is no valid key ${key}. \`whisper api-key list\` shows all keys.`);
    print(`${key} is revoked.`);
  }),
);

function scopesOf(text: string): Scope[] {
  if (text === "all") return [...ALL_SCOPES];
  return text.split(",").map((word) => {
    const scope = word.trim();
    if (!isScope(scope))
      throw new Error(`Unknown scope: ${word.trim()}. The scopes are ${ALL_SCOPES.join(", ")}, or all.`);
    return scope;
  });
}

const letters = program.command("dead-letters").description("work that failed and was put aside");
withConfig(letters.command("list").description("list them, oldest first")).action(
  ({ config }: ConfigOption) =>
    withDatabase(config, async (database) => {
      let some = false;
      for await (const letter of deadLetters(database)) {
        some = true;
        print(lineOf(letter));
      }
      if (!some) print(NO_DEAD_LETTERS);
    }),
);
withConfig(letters.command("retry <id>").description("retry one, or all")).action(
  (id: string, { config }: ConfigOption) =>
    withDatabase(config, async (database) => {
      if (id !== "all") {
        if (!(await retryDeadLetter(database, id))) throw new Error(noDeadLetter(id));
        return print(`${id} will be retried.`);
      }
      let some = false;
      for await (const letter of deadLetters(database)) {
        some = true;
        // Someone else may have been faster: then it is being retried already, or it is gone.
        if (await retryDeadLetter(database, letter.id)) print(`${letter.id} will be retried.`);
      }
      if (!some) print(NO_DEAD_LETTERS);
    }),
);
withConfig(letters.command("discard <id>").description("discard one for good, or all"))
  .option("--dry-run", "show what would be discarded, and keep it")
  .action((id: string, { config, dryRun }: ConfigOption & { dryRun?: true }) =>
    withDatabase(config, async (database) => {
      let some = false;
      for await (const letter of deadLetters(database)) {
        if (id !== "all" && letter.id !== id) continue;
        some = true;
        const discarded = dryRun === true || (await discardDeadLetter(database, letter.id));
        const done = dryRun ? "would be discarded" : discarded ? "discarded" : "has since been retried";
        print(`${lineOf(letter)}  ${done}`);
      }
      if (some) return;
      if (id !== "all") throw new Error(noDeadLetter(id));
      print(NO_DEAD_LETTERS);
    }),
  );

const NO_DEAD_LETTERS = "There are no dead letters.";
const noDeadLetter = (id: string): string =>
  `There is no dead letter ${id}. \`whisper dead-letters list\` shows all of them.`;

const lineOf = ({ id, what, since, attempts, error }: DeadLetter): string =>
  [id, what, since.toISOString(), attempts === 1 ? "1 try" : `${attempts} tries`, error]
    .map(fieldForTerminal)
    .join("  ");

const arrivals = program.command("arrivals").description("patients who have arrived");
withConfig(
  arrivals.command("board").description("show who is in the waiting room, longest wait first"),
).action(({ config }: ConfigOption) =>
  withDatabase(config, async (database) => {
    const waiting = await waitingArrivals(database, MOST_ON_BOARD);
    const directory = await directorySnapshot(database).fresh();
    print(boardOf(waiting, directory, arrivalSettings(loadConfig(config, process.env)), new Date()));
  }),
);

interface ImportArguments extends ConfigOption {
  readonly dryRun?: true;
  readonly strict?: true;
  readonly allowMassDeactivation?: true;
}

withConfig(
  program
    .command("import <file>")
    .description("import a directory from a JSON file, in the format of PUT /api/v1/directory"),
)
  .option("--dry-run", "report what would change, and change nothing")
  .option("--strict", "all or nothing: change nothing if anything in the file cannot be read")
  .option(
    "--allow-mass-deactivation",
    "continue even if more than half of the users lose access, or more than half of the groups are deleted",
  )
  .action((file: string, { config, dryRun, strict, allowMassDeactivation }: ImportArguments) =>
    withDatabase(config, async (database) => {
      const options = {
        dryRun: dryRun === true,
        strict: strict === true,
        allowMassDeactivation: allowMassDeactivation === true,
      };
      const settings = practiceSettings(loadConfig(config, process.env));
      const changes = directoryChanges(await recorderOf(loadConfig(config, process.env), database));
      print(await importFile(database, settings, changes({ is: "operator" }), file, options));
    }),
  );

const audit = program.command("audit").description("check that everything is as it should be");
withConfig(audit.command("verify").description("check the record, entry by entry; fails if it is not whole"))
  .option("--anchor <file>", "checkpoints that were kept outside the database (default: audit.anchor)")
  .action(({ config, anchor }: ConfigOption & { anchor?: string }) =>
    withDatabase(config, async (database) => {
      if (!(await verifyCommand(loadConfig(config, process.env), database, anchor, print)))
        process.exitCode = 1;
    }),
  );
const auditKeys = audit.command("keys").description("the keys that protect the record");
withConfig(auditKeys.command("create").description("make the key file; an existing one is kept")).action(
  ({ config }: ConfigOption) => createKeysCommand(loadConfig(config, process.env), print),
);
withConfig(
  auditKeys.command("rotate").description("add a key, which new entries use after a restart"),
).action(({ config }: ConfigOption) => rotateKeysCommand(loadConfig(config, process.env), print));
withConfig(auditKeys.command("rewrap").description("protect all entries with the newest key")).action(
  ({ config }: ConfigOption) =>
    withDatabase(config, (database) => rewrapCommand(loadConfig(config, process.env), database, print)),
);
withConfig(auditKeys.command("give-up <id>").description("go on without a key that is lost for good")).action(
  (id: string, { config }: ConfigOption) =>
    withDatabase(config, (database) =>
      giveUpKeyCommand(loadConfig(config, process.env), database, id, print),
    ),
);
withConfig(audit.command("rooms").description("check every room on the homeserver; fails if any differs"))
  .option("--repair", "have the running Whisper repair the rooms that differ, then check again")
  .action(async ({ config, repair }: ConfigOption & { repair?: true }) => {
    await withDatabase(config, async (database) => {
      const right = await auditRoomsCommand(
        loadConfig(config, process.env),
        database,
        { repair: repair === true },
        print,
      );
      if (!right) process.exitCode = 1;
    });
    // The bridge library keeps timers running, and nothing needs to wait for them.
    process.exit();
  });

async function withDatabase(config: string, work: (database: Database) => Promise<void>): Promise<void> {
  const database = openDatabase({ url: loadConfig(config, process.env).database.url.reveal(), max: 2 });
  try {
    await migrate(database);
    await work(database);
  } finally {
    await database.close();
  }
}

program.parseAsync().catch((error: unknown) => {
  console.error(
    forTerminal(error instanceof ConfigError || error instanceof Error ? error.message : String(error)),
  );
  process.exit(1);
});
