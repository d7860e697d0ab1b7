import type { Config } from "../config/schema.ts";
import {
  acceptKeys,
  addKey,
  createKeyFile,
  giveUpKey,
  holdsKey,
  keyProblem,
  readKeyFile,
} from "../record/key-file.ts";
import { type RecordKeys, UnusableKeyFile } from "../record/record-keys.ts";
import { type Recorder, recorder } from "../record/recorder.ts";
import { rewrapKeys } from "../record/rewrap.ts";
import { verifyRecord } from "../record/verify.ts";
import * as words from "../record/words.ts";
import type { Database, Queryable } from "../store/database.ts";

/** The practice's key file, which is the one that the record was written with. @throws UnusableKeyFile */
async function rightKeys(config: Config, db: Queryable): Promise<RecordKeys> {
  const keys = readKeyFile(config.audit.keys);
  const problem = await keyProblem(db, config.audit.keys, keys);
  if (problem !== null) throw new UnusableKeyFile(problem);
  return keys;
}

/** For commands that change something: what they do is in the record too. @throws UnusableKeyFile */
export async function recorderOf(config: Config, database: Queryable): Promise<Recorder> {
  const keys = readKeyFile(config.audit.keys);
  const problem = await acceptKeys(database, config.audit.keys, keys);
  if (problem !== null) throw problem;
  return recorder(keys);
}

/**
 * `whisper audit verify [--anchor FILE]`: needs the database and the key file, and no running Whisper.
 * @returns whether the record is whole.
 */
export async function verifyCommand(
  config: Config,
  database: Database,
  anchor: string | undefined,
  print: (line: string) => void,
): Promise<boolean> {
  const kept = anchor ?? config.audit.anchor;
  const keys = await rightKeys(config, database);
  const verdict = await verifyRecord(database, keys, kept);
  print(words.verdict(verdict));
  if (verdict.firstBroken === null && kept === undefined) print(words.noAnchor);
  return verdict.firstBroken === null;
}

/** `whisper audit keys create`. Safe to repeat: an existing file is left as it is. */
export function createKeysCommand({ audit }: Config, print: (line: string) => void): void {
  print(createKeyFile(audit.keys, new Date()) ? words.keysCreated(audit.keys) : words.keysKept(audit.keys));
}

/** `whisper audit keys rotate` */
export const rotateKeysCommand = ({ audit }: Config, print: (line: string) => void): void =>
  print(words.keyAdded(addKey(audit.keys, new Date())));

/** `whisper audit keys rewrap` */
export async function rewrapCommand(
  config: Config,
  database: Database,
  print: (line: string) => void,
): Promise<void> {
  const keys = readKeyFile(config.audit.keys);
  // From here on the newest key is needed, so it counts as used: a file without it is refused at the next start.
  const problem = await acceptKeys(database, config.audit.keys, keys);
  if (problem !== null) throw problem;
  print(words.rewrapped(await rewrapKeys(database, keys)));
}

/** `whisper audit keys give-up <id>` @throws Error: no such key was used, or it is not lost. */
export async function giveUpKeyCommand(
  { audit }: Config,
  database: Database,
  id: string,
  print: (line: string) => void,
): Promise<void> {
  if (holdsKey(audit.keys, id)) throw new Error(words.keyNotLost(audit.keys, id));
  if (!(await giveUpKey(database, id))) throw new Error(words.keyNeverUsed(id));
  print(words.keyGivenUp(id));
}
