import { expect } from "chai";
import { endQuietSessions, keepSession, noteObservation } from "../../../../src/audit/observe/sessions.ts";
import type { Directory, Username } from "../../../../src/policy/model.ts";
import type { Database } from "../../../../src/store/database.ts";
import { testDatabase } from "../../../support/database/postgres.ts";
import { SETTINGS } from "../../../support/practice/conversations.ts";
import { RECORD, RECORD_KEYS } from "../../../support/practice/record-keys.ts";
import { recordedEntries } from "../../../support/practice/recorded.ts";

const PEOPLE = {
  users: new Map([
    ["boss", { username: "boss", name: "Dr Boss", permissions: [] }],
    ["mia", { username: "mia", name: "Mia Kowalski", permissions: [] }],
    ["jane", { username: "jane", name: "Jane", active: true, permissions: ["AccessWhisper"] }],
    ["gone", { username: "gone", name: "Gone", active: false, permissions: ["AccessWhisper"] }],
  ]),
  securityGroups: new Map(),
  customGroups: new Map(),
} as unknown as Directory;

const DEPENDENCIES = { directory: PEOPLE, settings: SETTINGS, record: RECORD };

describe("a session of observing", () => {
  let database: Database;
  beforeEach(async () => {
    database = await testDatabase();
  });
  afterEach(() => database?.close());

  const note = (reason: string | null = null, actor = "boss", notify: readonly string[] = []) =>
    database.transaction((tx) =>
      noteObservation(
        tx,
        { ...DEPENDENCIES, notify: notify as readonly Username[] },
        {
          actor: actor as Username,
          target: "mia" as Username,
          address: "192.0.2.7",
          reason,
        },
      ),
    );
  const told = async () => {
    const sent = await database.query<{ body: string }>(
      "SELECT content->>'body' AS body FROM outbox ORDER BY seq",
    );
    return sent.rows.map(({ body }) => body);
  };
  const quietFor = (minutes: number) =>
    database.query(
      `UPDATE observe_sessions SET started_at = started_at - $1 * interval '1 minute', last_at = last_at - $1 * interval '1 minute'
       WHERE ended_at IS NULL`,
      [minutes],
    );
  const end = () => endQuietSessions(database, DEPENDENCIES);

  it("begins once, however many requests come at the same moment, and says why and who", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => note("A complaint")));
    expect(new Set(ids).size).to.equal(1);
    expect(await told()).to.deep.equal([
      "Dr Boss is observing Mia Kowalski’s conversations. Reason: A complaint",
    ]);
    const [row] = (await database.query("SELECT actor, target, address, reason FROM observe_sessions")).rows;
    expect(row).to.deep.equal({ actor: "boss", target: "mia", address: "192.0.2.7", reason: "A complaint" });
  });

  it("ends at the observer's last sign, once they have been quiet for five minutes, and says so once", async () => {
    await note();
    await quietFor(4);
    await end();
    expect(await told()).to.have.length(1);
    await quietFor(2);
    await Promise.all([end(), end()]);
    expect((await told()).slice(1)).to.deep.equal([
      "Dr Boss has stopped observing Mia Kowalski’s conversations, after a minute.",
    ]);
    const [row] = (
      await database.query<{ at_last: boolean }>("SELECT ended_at = last_at AS at_last FROM observe_sessions")
    ).rows;
    expect(row?.at_last).to.equal(true);
    const [recorded] = await recordedEntries(database, RECORD_KEYS);
    expect(recorded).to.include({ type: "observe", actor: "@ht_boss:practice.test", about: "user:mia" });
    expect(recorded?.body.ended).to.equal(true);
  });

  it("goes on while the observer is there", async () => {
    const id = await note();
    await quietFor(10);
    await keepSession(database, id);
    await end();
    expect(await note()).to.equal(id);
    expect(await told()).to.have.length(1);
  });

  it("is a new one after the last has ended, which a request also ends, and one for each observer", async () => {
    const first = await note();
    await quietFor(6);
    const second = await note();
    expect(second).to.not.equal(first);
    expect(await note(null, "other")).to.not.equal(second);
    expect(await told()).to.have.length(4);
  });

  it("is also told to a second person who must know, if they have access", async () => {
    await database.query("INSERT INTO users (username, name) VALUES ('jane', 'Jane')");
    await note(null, "boss", ["Jane", "gone", "nobody"]);
    await note(null, "boss", ["Jane", "gone", "nobody"]);
    const sent = await database.query<{ ref: string }>("SELECT ref FROM outbox ORDER BY seq");
    const to = sent.rows.map(({ ref }) => ref.split(":").slice(2).join(":"));
    expect(to).to.deep.equal(["", "jane"]);
    expect(new Set(await told()).size).to.equal(1);
  });
});
