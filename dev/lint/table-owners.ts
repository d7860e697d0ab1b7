/** Checks that each table has one owner, and that only the folders listed here read or write it besides. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { REPOSITORY } from "../base/repository.ts";

const SOURCE = join(REPOSITORY, "src");

/** Which folder a table belongs to. Others ask a function of that folder. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  "api/kernel": ["api_keys", "idempotency_keys"],
  "appservice/accounts": ["accounts"],
  "appservice/intake": ["gap_checks"],

  arrivals: ["arrival_histories"],
  "arrivals/record": ["arrival_bookings", "arrival_escalations", "arrival_notices", "arrivals", "bookings"],
  "audit/observe": ["observe_sessions"],
  "audit/rooms": ["room_audit_findings", "room_audits"],
  conversations: ["alerts", "directory_problems", "media"],
  "conversations/groups": ["custom_group_edits", "custom_group_leaves"],
  "conversations/list": ["room_messages", "room_views"],
  "conversations/record": ["account_checks", "conversations", "retired_rooms", "room_checks"],
  directory: [
    "custom_group_members",
    "directory_changes",
    "directory_revision",
    "preferences",
    "security_group_members",
    "security_groups",
    "users",
  ],
  mirror: ["room_members", "room_state", "rooms"],
  messages: ["inbox", "outbox", "receipts"],
  "sms/record": ["sms_attempts", "sms_fetches", "sms_messages", "sms_opt_outs", "sms_replies", "sms_reports"],
  patients: ["current_patients", "merged_patients", "patient_links", "patient_messages"],
  record: [
    "record_chain",
    "record_checkpoints",
    "record_entries",
    "record_key_ids",
    "record_keys",
    "record_unsealed",
  ],
  signals: ["signals"],
};

/**
 * Which other folders read a table, each with its reason. Everyone else asks a function of the owner, or joins a named
 * piece of SQL that it exports. The list only gets shorter.
 */
const READERS: Readonly<Record<string, readonly string[]>> = {
  conversations: [
    // A list is the conversations themselves, with what one person has read of each.
    "conversations/list",
    // A custom group is a conversation, and its name and maker are in that row.
    "directory",
    // A send goes into the room that carries its conversation when it is sent, decided in one statement.
    "messages",
  ],
};

/** Which other folders write it, each with its reason. The list only gets shorter. */
const WRITERS: Readonly<Record<string, readonly string[]>> = {
  // A custom group is part of the directory, and a conversation: it is made and renamed in one row.
  conversations: ["directory"],
};

type Act = "reads" | "writes";

/** The tables that SQL in a text reads and writes: those named after FROM, JOIN, USING, INTO and UPDATE. */
export function tablesIn(text: string): ReadonlyArray<{ readonly act: Act; readonly table: string }> {
  const named = text.matchAll(/\b(DELETE FROM|FROM|JOIN|USING|INTO|UPDATE)\s+([a-z_]+)\b/g);
  return [...named].map(([, word = "", table = ""]) => ({
    act: word === "INTO" || word === "UPDATE" || word === "DELETE FROM" ? "writes" : "reads",
    table,
  }));
}

/** Each way in which a folder that does not own a table reads or writes it. */
function guests(): ReadonlyMap<string, Readonly<Record<Act, ReadonlySet<string>>>> {
  const ownerOf = new Map(
    Object.entries(OWNERS).flatMap(([folder, tables]) => tables.map((table) => [table, folder] as const)),
  );
  const found = new Map<string, Record<Act, Set<string>>>();
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const path = join(SOURCE, file);
    const folder = relative(SOURCE, dirname(path));
    for (const { act, table } of tablesIn(readFileSync(path, "utf8"))) {
      const owner = ownerOf.get(table);
      if (owner === undefined || owner === folder) continue;
      const guest = found.get(table) ?? { reads: new Set(), writes: new Set() };
      guest[act].add(folder);
      found.set(table, guest);
    }
  }
  return found;
}

/** The tables that `src/store/migrations` create and do not drop again. */
function tablesOfTheSchema(): string[] {
  const folder = join(SOURCE, "store/migrations");
  const sql = readdirSync(folder)
    .toSorted()
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  const dropped = new Set([...sql.matchAll(/DROP TABLE (?:IF EXISTS )?([a-z_]+)/g)].map(([, name]) => name));
  const made = [...sql.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)/g)].map(([, name = ""]) => name);
  return made.filter((name) => !dropped.has(name));
}

/** @returns a sentence for each table without an owner, each folder that may not use a table, and each entry nobody needs. */
export function tableProblems(): string[] {
  const schema = new Set(tablesOfTheSchema());
  const owned = Object.values(OWNERS).flat();
  return [
    ...[...schema]
      .filter((table) => !owned.includes(table))
      .map((table) => `the table ${table} has no owner`),
    ...owned.filter((table) => !schema.has(table)).map((table) => `there is no table ${table} to own`),
    ...compared("reads", READERS),
    ...compared("writes", WRITERS),
  ].map((problem) => `dev/lint/table-owners.ts: ${problem}`);
}

function compared(act: Act, allowed: Readonly<Record<string, readonly string[]>>): string[] {
  const pairs = (lists: Iterable<readonly [string, Iterable<string>]>) =>
    new Set(
      [...lists].flatMap(([table, folders]) => [...folders].map((folder) => `${folder} ${act} ${table}`)),
    );
  const found = pairs([...guests()].map(([table, guest]) => [table, guest[act]]));
  const listed = pairs(Object.entries(allowed));
  return [
    ...[...found]
      .filter((pair) => !listed.has(pair))
      .map((pair) => `${pair}: ask the owner's function instead`),
    ...[...listed]
      .filter((pair) => !found.has(pair))
      .map((pair) => `${pair}: not any more; take it off the list`),
  ];
}
