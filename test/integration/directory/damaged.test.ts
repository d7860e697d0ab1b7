import { expect } from "chai";
import fc from "fast-check";
import { startTestApi, type TestApi } from "../../support/http/api.ts";

/**
 * Directories with random damage. Whatever is wrong, the answer is never a 500. The damage alone deactivates nobody and
 * costs nobody their access. Everyone whose record is undamaged is stored as sent.
 */

type Fields = Record<string, unknown>;
interface Directory {
  readonly users: Fields[];
  readonly security_groups: Fields[];
}

const NAMES = ["anna", "Ben.Adler", "zoë", "o'brien", "dr.nair", "kim", "lee", "mia"];
const KNOWN: Directory = {
  users: NAMES.map((username, index) => ({
    username,
    name: `Person ${index}`,
    role: "Nurse",
    email: `p${index}@practice.example`,
    mobile: "0491 570 006",
    active: true,
    permissions: index === 0 ? ["WhisperAdmin"] : [],
    doctor: index % 2 === 0,
    doctor_ids: [`MO-${index}`],
    locations: ["Botany", "Rosebery"].slice(0, 1 + (index % 2)),
  })),
  security_groups: [
    { id: "Default", name: "Default", permissions: ["AccessWhisper"], members: NAMES.slice(0, 7) },
    { id: "Staff", name: "Staff", permissions: ["AccessWhisper", "Other"], members: ["mia", "kim"] },
    { id: "Nurses", name: "Nurses", permissions: [], members: ["zoë", "kim"] },
  ],
};

/** What HealthTrack would send tonight without damage: one person left, one joined, some changed. */
const tonight = fc
  .record({ leaver: fc.nat(NAMES.length - 1), renamed: fc.subarray(NAMES.map((_, index) => index)) })
  .map(({ leaver, renamed }): Directory => {
    const left = NAMES[leaver];
    const users = KNOWN.users
      .map((user, index): Fields => (renamed.includes(index) ? { ...user, role: "Sister" } : { ...user }))
      .filter((user) => user.username !== left);
    const security_groups = KNOWN.security_groups.map((group) => ({
      ...group,
      members: [...NAMES, "new.one"].filter(
        (name) => name !== left && (name === "new.one" || [group.members].flat().includes(name)),
      ),
    }));
    return { users: [...users, { username: "new.one", name: "New One" }], security_groups };
  });

const HUGE = "x".repeat(70_000);
const around = (text: unknown, change: (text: string) => unknown): unknown =>
  typeof text === "string"
    ? change(text)
    : Array.isArray(text)
      ? text.map((each) => around(each, change))
      : text;
const mixed = (text: string) => (text === text.toUpperCase() ? text.toLowerCase() : text.toUpperCase());

const DAMAGES = {
  null: () => null,
  blank: () => " \u00a0",
  "blank list": () => [""],
  padded: (value: unknown) => around(value, (text) => `\t\u00a0${text} \ufeff`),
  "wrong case": (value: unknown) => around(value, mixed),
  number: () => 7,
  // Text is not replaced by other text, which might be what was meant.
  text: (value: unknown) => (typeof value === "string" ? 7 : "text"),
  object: () => ({ toString: 1 }),
  flag: () => true,
  "control characters": (value: unknown) =>
    around(value, (text) => `${text.slice(0, 1)}\u0000\u001b[31m${text.slice(1)}`),
  "half a character": (value: unknown) => around(value, (text) => `${text}\ud800`),
  "unknown members": (value: unknown) => [value, "nobody.knows", "nor.her"].flat(),
  duplicates: (value: unknown) => [value, value].flat(),
  "nested lists": (value: unknown) => [[[value]]],
  huge: () => HUGE,
  "huge list": () => Array.from({ length: 3_000 }, () => "x"),
} satisfies Record<string, (value: unknown) => unknown>;

/** Other spellings of the same value. They are not damage. */
const HARMLESS = new Set(["padded", "wrong case"]);

interface Damage {
  readonly list: "users" | "security_groups";
  readonly index: number;
  readonly field: string;
  readonly kind: keyof typeof DAMAGES | "missing" | "extra" | "again" | "whole" | "twin";
}
const kinds = [...Object.keys(DAMAGES), "missing", "extra", "again", "whole", "twin"] as Damage["kind"][];
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    list: fc.constant("users" as const),
    index: fc.nat(8),
    field: fc.constantFrom(
      ...[
        "username",
        "name",
        "role",
        "email",
        "mobile",
        "active",
        "permissions",
        "doctor",
        "doctor_ids",
        "locations",
      ],
    ),
    kind: fc.constantFrom(...kinds),
  }),
  fc.record({
    list: fc.constant("security_groups" as const),
    index: fc.nat(2),
    field: fc.constantFrom("id", "name", "permissions", "members"),
    kind: fc.constantFrom(...kinds),
  }),
);

/** Each field is damaged at most once. */
const damages = fc.uniqueArray(damage, {
  minLength: 1,
  maxLength: 12,
  selector: ({ list, index, field }) => `${list} ${index % 8} ${field}`,
});

function damaged(directory: Directory, damages: readonly Damage[]): Directory {
  const sent: Directory = structuredClone({
    users: directory.users,
    security_groups: directory.security_groups,
  });
  for (const { list, index, field, kind } of damages) {
    const records = sent[list];
    const at = index % records.length;
    const record = records[at];
    if (typeof record !== "object" || record === null) continue;
    const other = records[(at + 1) % records.length];
    if (kind === "missing") delete record[field];
    else if (kind === "extra") record[`${field} of HealthTrack`] = [[record[field]]];
    else if (kind === "again") records.push({ ...record });
    else if (kind === "whole")
      records.splice(at, 1, (field.length % 2 === 0 ? null : [record]) as unknown as Fields);
    else if (kind === "twin") record[field] = other?.[field];
    else record[field] = DAMAGES[kind](record[field]);
  }
  return sent;
}

const usernameOf = (record: Fields): string => String(record.username);

describe("a damaged directory", function () {
  this.timeout(300_000);
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ rateLimit: { requests: 1_000_000, windowMs: 60_000 } });
  });
  after(() => api.close());

  const put = (directory: Directory, query = "") => api.call("PUT", `/api/v1/directory${query}`, directory);
  const LEAVE = "?allow_mass_deactivation=true";

  async function people() {
    const { rows } = await api.database.query<
      Fields & { username: string; active: boolean; access: boolean }
    >(
      `SELECT username, name, role, email, mobile, active, doctor, permissions, doctor_ids, locations,
         active AND ('AccessWhisper' = ANY(permissions) OR EXISTS (
           SELECT FROM security_group_members m JOIN security_groups g ON g.id = m.group_id
           WHERE m.username = u.username AND 'AccessWhisper' = ANY(g.permissions))) AS access
       FROM users u`,
    );
    return new Map(rows.map((row) => [row.username, row]));
  }
  async function afterwards(directory: Directory) {
    await api.database.query("TRUNCATE users, security_groups CASCADE");
    expect((await put(KNOWN)).status).to.equal(200);
    const answer = await put(directory, LEAVE);
    return { answer, people: await people() };
  }

  it("blocks no one and signs no one out", async () => {
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(tonight, damages, async (directory, damages) => {
        const whole = await afterwards(directory);
        expect(whole.answer.status).to.equal(200);
        expect(whole.answer.body.problems).to.deep.equal([]);
        const sent = damaged(directory, damages);
        const { answer, people } = await afterwards(sent);
        seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
        expect(answer.status, answer.text).to.equal(200);

        for (const [username, before] of whole.people) {
          const now = people.get(username);
          // Someone new may be left out. They are added once their record has been corrected.
          if (username === "new.one") continue;
          if (before.active) expect(now?.active, `${username} is active`).to.equal(true);
          // A list of permissions that is left out, null or empty means that there are none.
          if (before.access && !emptied(damages))
            expect(now?.access, `${username} has access`).to.equal(true);
        }
        const touched = new Set(damages.filter(({ list }) => list === "users").map(({ index }) => index % 8));
        const claimed = sent.users.map((record) =>
          (record === null ? "" : JSON.stringify(record)).toLowerCase(),
        );
        for (const [index, record] of directory.users.entries()) {
          const username = usernameOf(record);
          const alone = claimed.filter((text) => text.includes(`"${username.toLowerCase()}"`)).length === 1;
          if (touched.has(index) || !alone || damages.some(({ kind }) => kind === "whole")) continue;
          expect(people.get(username), `${username} is as sent`).to.include(
            Object.fromEntries(Object.entries(record).filter(([, value]) => !Array.isArray(value))),
          );
        }
        if (damages.every(({ kind, list }) => HARMLESS.has(kind) && list === "security_groups"))
          expect(answer.body.problems).to.deep.equal([]);
      }),
      { numRuns: Number(process.env.WHISPER_RUNS ?? 60) },
    );
    expect([...seen.keys()]).to.deep.equal([200]);
  });

  const emptied = (damages: readonly Damage[]): boolean =>
    damages.some(
      ({ list, index, field, kind }) =>
        list === "security_groups" &&
        ((field === "permissions" && index !== 0 && ["null", "missing", "twin", "blank"].includes(kind)) ||
          (field === "permissions" && kind === "twin") ||
          // Another group's members are valid members too.
          (field === "members" && ["twin"].includes(kind)) ||
          (["id", "name"].includes(field) && kind === "twin") ||
          kind === "again"),
    );
});
