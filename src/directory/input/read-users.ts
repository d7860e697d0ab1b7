import type { PracticeSettings, Username } from "../../policy/model.ts";
import { cannotBeUsername, foldName } from "../../policy/names/names.ts";
import { contestedDoctorIds, contestedIds } from "./doctor-ids.ts";
import { type DirectoryProblem, type Fields, isRecord, readableNames, readRecord } from "./record.ts";
import { type SentUser, username as usernameField, userSchema } from "./schema.ts";

/** A directory's users, as far as they can be read. */
export interface ReadUsers {
  /** Everyone the practice has now, in the known spelling: as sent, otherwise as known. */
  readonly users: ReadonlyMap<Username, SentUser>;
  readonly problems: readonly DirectoryProblem[];
}

/** A record with a readable user name. `user` null: the rest cannot be read. */
interface OwnedRecord {
  readonly index: number;
  readonly user: SentUser | null;
  readonly problems: readonly DirectoryProblem[];
}

/**
 * Reads users one by one, so that one bad record affects nobody else. An unreadable record leaves its user as known and
 * never deactivates them. While it is not even known whose a record is, nobody is deactivated for being absent, since
 * it may be theirs.
 */
export function readUsers(
  settings: PracticeSettings,
  sent: readonly unknown[],
  stored: ReadonlyMap<Username, SentUser>,
): ReadUsers {
  const known = new Map([...stored.values()].map((user) => [foldName(user.username), user]));
  const owned = new Map<string, OwnedRecord[]>();
  const users = new Map<Username, SentUser>();
  const problems: DirectoryProblem[] = [];
  let nobodys = 0;
  for (const [index, record] of sent.entries()) {
    const path = `users[${index}]`;
    const name = readUsername(settings, record, path);
    if ("problem" in name) {
      const owner = isRecord(record) ? ownerOf(record.username, known) : undefined;
      if (owner) users.set(owner.username, owner);
      else if (!name.impossible) nobodys += 1;
      problems.push({ ...name.problem, kept: owner ? "as known" : "left out", ...about(owner) });
      continue;
    }
    const folded = foldName(name.username);
    const read = readUser(name.record, path, known.get(folded) ?? null);
    const records = owned.get(folded) ?? [];
    records.push({ index, ...read });
    owned.set(folded, records);
  }
  const taken: OwnedRecord[] = [];
  for (const [folded, records] of owned) {
    const before = known.get(folded);
    const chosen = best(records, before);
    if (chosen) taken.push(chosen);
    const user = chosen?.user ?? before;
    if (user) users.set(before?.username ?? user.username, user);
    for (const record of records) {
      problems.push(...record.problems.map((problem) => ({ ...problem, ...about(before) })));
      if (chosen === undefined || record === chosen) continue;
      problems.push({
        path: `users[${record.index}].username`,
        message: `Is there already, as users[${chosen.index}]: send each user once`,
        kept: "left out",
        ...about(before),
      });
      // Under another name it may be someone else's record with the wrong user name in it.
      if (foldName(record.user?.name ?? "") !== foldName(chosen.user?.name ?? "")) nobodys += 1;
    }
  }
  if (nobodys > 0) problems.push(...keepTheAbsent(users, known.values(), nobodys));
  const idsOf = contestedIds([...users.values()], new Set([...users.keys()].map(foldName)));
  for (const { index, user } of taken) {
    const record = sent[index];
    if (!user || !isRecord(record)) continue;
    const wrong = contestedDoctorIds(idsOf(user), record.doctor_ids, `users[${index}].doctor_ids`);
    problems.push(...wrong.map((problem) => ({ ...problem, ...about(user) })));
  }
  return { users, problems };
}

const about = (known: SentUser | undefined) => (known ? { about: known.name } : {});

type ReadName =
  | { readonly username: Username; readonly record: Fields }
  | { readonly problem: Omit<DirectoryProblem, "kept">; readonly impossible: boolean };

const NAME = usernameField();

/** `impossible`: the name can be read, but cannot become an account. */
function readUsername(settings: PracticeSettings, record: unknown, path: string): ReadName {
  if (!isRecord(record))
    return { problem: { path, message: "Must be an object with named fields" }, impossible: false };
  const read = NAME.safeParse(record.username);
  const field = `${path}.username`;
  if (!read.success) {
    const message = "Must be the user name, as text of one line: without it nobody knows whose record it is";
    return { problem: { path: field, message }, impossible: false };
  }
  const message = cannotBeUsername(settings, read.data);
  return message === null
    ? { username: read.data, record }
    : { problem: { path: field, message }, impossible: true };
}

const ownerOf = (value: unknown, known: ReadonlyMap<string, SentUser>): SentUser | undefined =>
  readableNames(value)
    .map((name) => known.get(foldName(name)))
    .find((user) => user !== undefined);

/** Whether someone new may use Whisper is never guessed: without it, their record cannot be read. */
function readUser(record: Fields, path: string, known: SentUser | null): Omit<OwnedRecord, "index"> {
  const needed = known === null ? ["name", "active"] : ["name"];
  const { value, problems } = readRecord(userSchema, record, path, known, needed);
  return { user: value && { ...value, username: known?.username ?? value.username }, problems };
}

/** The best of several records of one person: the one with the known name, otherwise the first that can be read. */
function best(records: readonly OwnedRecord[], known: SentUser | undefined): OwnedRecord | undefined {
  const read = records.filter((record) => record.user !== null);
  const same = read.find((record) => known && foldName(record.user?.name ?? "") === foldName(known.name));
  return same ?? read[0];
}

function keepTheAbsent(
  users: Map<Username, SentUser>,
  known: Iterable<SentUser>,
  nobodys: number,
): DirectoryProblem[] {
  const absent = [...known].filter((user) => user.active && !users.has(user.username));
  for (const user of absent) users.set(user.username, user);
  if (absent.length === 0) return [];
  const whose = nobodys === 1 ? "whose record one of these is" : `whose records ${nobodys} of these are`;
  const people = absent.length === 1 ? "1 active user was" : `${absent.length} active users were`;
  const message = `It cannot be told ${whose}. ${people} not sent, and stay active since it may be theirs`;
  return [{ path: "users", message, kept: "as known" }];
}
