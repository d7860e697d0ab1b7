import { DatabaseError } from "pg";
import { readRegistration } from "../appservice/homeserver/registration.ts";
import {
  alertRoleProblems,
  escalationProblems,
  receptionProblems,
} from "../arrivals/rules/escalation-check.ts";
import { notifyProblems } from "../audit/observe/notify-check.ts";
import { ConfigError } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { directorySnapshot } from "../directory/snapshot.ts";
import type { Directory } from "../policy/model.ts";
import { keyProblem, readKeyFile } from "../record/key-file.ts";
import { smsWarnings } from "../sms/settings.ts";
import { type Database, isDatabaseDown, openDatabase } from "../store/database.ts";

/**
 * `whisper check-config`: checks what the schema cannot, and as far as the database answers, what depends on it.
 * @param file the configuration's name.
 * @throws Error that says what is wrong.
 */
export async function checkConfig(
  file: string,
  config: Config,
  print: (line: string) => void,
): Promise<void> {
  readRegistration(config.appservice.registration);
  const keys = readKeyFile(config.audit.keys);
  const { escalation, reception, alert_roles } = config.arrivals;
  const { notify } = config.audit.observe;
  const named = [...escalation, ...reception, ...Object.values(alert_roles).flat(), ...notify].length > 0;
  const known = await asFarAsThere(config, async (database) => ({
    keyProblem: await keyProblem(database, config.audit.keys, keys),
    directory: named ? await knownDirectory(database) : null,
  }));
  const directory = known?.directory ?? null;
  const problems = [
    ...(known?.keyProblem == null ? [] : [known.keyProblem]),
    ...escalationProblems(escalation, directory),
    ...receptionProblems(reception, directory),
    ...alertRoleProblems(alert_roles, directory),
    ...notifyProblems(notify, directory),
  ];
  if (problems.length > 0) throw new ConfigError(file, problems);
  print(`${file} is valid.`);
  for (const warning of smsWarnings(config)) print(warning);
  if (named && directory === null) {
    print(
      "Could not check the names in arrivals.escalation, arrivals.reception, arrivals.alert_roles and audit.observe.notify: the database has no users yet, or does not answer.",
    );
  }
}

/** Null: the database is away, or older than this version. */
async function asFarAsThere<T>(config: Config, look: (database: Database) => Promise<T>): Promise<T | null> {
  const database = openDatabase({ url: config.database.url.reveal(), max: 1, onBroken: () => undefined });
  try {
    return await look(database);
  } catch (error) {
    if (isDatabaseDown(error) || error instanceof DatabaseError) return null;
    throw error;
  } finally {
    await database.close();
  }
}

async function knownDirectory(database: Database): Promise<Directory | null> {
  const directory = await directorySnapshot(database).fresh();
  return directory.users.size === 0 ? null : directory;
}
