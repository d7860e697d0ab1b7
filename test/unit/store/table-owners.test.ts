import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect } from "chai";

const SOURCE = join(import.meta.dirname, "../../../src");

/** Which folder a table belongs to. Others ask a function of that folder. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  "api/kernel": ["api_keys", "idempotency_keys"],
  "appservice/accounts": ["accounts"],
  "appservice/intake": ["gap_checks", "inbox", "receipts"],
  "appservice/rooms": ["retired_rooms", "room_members", "room_state", "rooms"],
  arrivals: ["arrival_histories"],
  "arrivals/record": ["arrival_bookings", "arrival_escalations", "arrival_notices", "arrivals", "bookings"],
  "audit/rooms": ["room_audit_findings", "room_audits"],
  conversations: ["alerts", "directory_problems", "media"],
  "conversations/groups": ["custom_group_edits", "custom_group_leaves"],
  "conversations/list": ["room_messages", "room_views"],
  "conversations/record": ["account_checks", "conversations", "room_checks"],
  directory: [
    "custom_group_members",
    "directory_changes",
    "directory_revision",
    "preferences",
    "security_group_members",
    "security_groups",
    "users",
  ],
  messages: ["outbox"],
  patients: ["current_patients", "patient_links"],
};

/** Who else reads a table, for a join that would cost a query each otherwise. To get shorter, not longer. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  account_checks: ["appservice/access", "appservice/accounts"],
  arrival_notices: ["arrivals"],
  conversations: [
    "appservice/access",
    "appservice/callbacks",
    "appservice/intake",
    "appservice/rooms",
    "appservice/sending",
    "arrivals",
    "arrivals/record",
    "audit/rooms",
    "conversations/groups",
    "conversations/list",
    "directory",
    "jobs",
    "messages",
  ],
  inbox: [
    "api",
    "appservice/homeserver",
    "appservice/rooms",
    "appservice/sending",
    "conversations",
    "conversations/list",
    "jobs",
    "messages",
  ],
  outbox: ["api", "appservice/sending", "arrivals", "jobs"],
  receipts: ["conversations/list"],
  retired_rooms: ["appservice/callbacks", "arrivals", "audit/rooms"],
  room_members: [
    "appservice/callbacks",
    "appservice/intake",
    "conversations",
    "conversations/groups",
    "conversations/list",
  ],
  room_messages: ["appservice/intake"],
  room_state: ["conversations/groups"],
  rooms: ["appservice/intake", "audit/rooms", "conversations/groups"],
  users: ["directory/input", "patients"],
};

/** Who else writes it. To become empty. */
const WRITERS: Readonly<Record<string, readonly string[]>> = {
  account_checks: ["appservice/access"],
  conversations: ["appservice/rooms", "conversations/groups", "conversations/list", "directory"],
  inbox: ["jobs"],
  outbox: ["appservice/sending", "jobs"],
};

type Act = "reads" | "writes";

/** The tables that SQL in a text reads and writes: those named after FROM, JOIN, USING, INTO and UPDATE. */
function tablesIn(text: string): ReadonlyArray<{ readonly act: Act; readonly table: string }> {
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

/** Tables of `src/store/migrations`, those that were dropped again left out. */
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

const listed = (act: Act) =>
  Object.fromEntries(
    [...guests()]
      .filter(([, guest]) => guest[act].size > 0)
      .map(([table, guest]) => [table, [...guest[act]].toSorted()]),
  );

describe("tables", () => {
  it("have one owner each, every table of the schema", () => {
    expect(Object.values(OWNERS).flat().toSorted()).to.deep.equal(
      [...new Set(tablesOfTheSchema())].toSorted(),
    );
  });

  it("are read by their owner and those who are listed, and the list names nobody in vain", () => {
    expect(listed("reads")).to.deep.equal(READERS);
  });

  it("are written by their owner and those who are listed, and the list names nobody in vain", () => {
    expect(listed("writes")).to.deep.equal(WRITERS);
  });

  it("are found in SQL, however it names them", () => {
    expect(
      tablesIn("WITH a AS (UPDATE rooms SET x = 1) DELETE FROM inbox USING users JOIN media ON true"),
    ).to.deep.equal([
      { act: "writes", table: "rooms" },
      { act: "writes", table: "inbox" },
      { act: "reads", table: "users" },
      { act: "reads", table: "media" },
    ]);
  });
});
