import { expect } from "chai";
import { idOfKey } from "../../../src/api/kernel/keys.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { RECORD_KEYS } from "../../support/practice/record-keys.ts";
import { type RecordedEntry, recordedEntries } from "../../support/practice/recorded.ts";

describe("changes of the directory, in the record", () => {
  let api: TestApi;
  let seen: number;
  beforeEach(async () => {
    api = await startTestApi();
    seen = 0;
    await api.call("PUT", "/api/v1/directory", {
      users: [
        { username: "anna", name: "Anna", permissions: ["AccessWhisper"] },
        { username: "ben", name: "Ben" },
      ],
      security_groups: [{ id: "Nurses", name: "Nurses", members: ["ben"] }],
    });
  });
  afterEach(() => api.close());

  /** What was recorded since the last look. */
  async function recorded(): Promise<readonly RecordedEntry[]> {
    const all = await recordedEntries(api.database, RECORD_KEYS);
    const fresh = all.slice(seen);
    seen = all.length;
    return fresh;
  }
  it("are there for each user and group of an import, by the key that sent it", async () => {
    const entries = await recorded();
    expect(entries.map(({ about }) => about)).to.have.members([
      "user:anna",
      "user:ben",
      "group:Nurses",
      "group:Default",
    ]);
    for (const entry of entries)
      expect(entry).to.include({ type: "permission", onBehalfOf: null, late: false });
    expect(new Set(entries.map((entry) => entry.actor))).to.deep.equal(new Set([`key:${idOfKey(api.key)}`]));
    const ben = entries.find(({ about }) => about === "user:ben");
    expect(ben?.body.user).to.deep.include({
      name: "Ben",
      active: true,
      security_groups: ["Default", "Nurses"],
    });
  });

  it("are only what changed: permissions, memberships, who is gone", async () => {
    await recorded();
    await api.call("PUT", "/api/v1/users/anna", {
      name: "Anna",
      permissions: ["AccessWhisper", "WhisperAdmin"],
    });
    const [granted, ...others] = await recorded();
    expect(others).to.deep.equal([]);
    expect(granted?.body.user).to.deep.include({ permissions: ["AccessWhisper", "WhisperAdmin"] });
    await api.call("PUT", "/api/v1/security-groups/Nurses", { name: "Nurses", members: ["anna"] });
    const moved = await recorded();
    expect(moved.map(({ about }) => about)).to.include.members(["user:anna", "user:ben"]);
    expect(moved.find(({ about }) => about === "user:ben")?.body.user).to.deep.include({
      security_groups: ["Default"],
    });
    await api.call("DELETE", "/api/v1/security-groups/Nurses");
    expect((await recorded()).find(({ about }) => about === "group:Nurses")?.body).to.deep.equal({
      group: { id: "Nurses", deleted: true },
    });
    await api.call("DELETE", "/api/v1/users/ben");
    expect((await recorded())[0]?.body.user).to.deep.include({ username: "ben", active: false });
  });

  it("are not there for what changes nothing, is only tried, or is refused", async () => {
    await recorded();
    await api.call("PUT", "/api/v1/users/ben", { name: "Ben" });
    await api.call("PUT", "/api/v1/directory?dry_run=true", { users: [], security_groups: [] });
    await api.call("PUT", "/api/v1/directory", { users: [], security_groups: [] });
    await api.call("DELETE", "/api/v1/users/nobody");
    expect(await recorded()).to.deep.equal([]);
  });

  it("are there for preferences, as they were and as they are", async () => {
    await recorded();
    await api.call("PATCH", "/api/v1/users/ben/preferences", { never_receive: true });
    await api.call("PATCH", "/api/v1/users/ben/preferences", { never_receive: true });
    const [entry, ...others] = await recorded();
    expect(others).to.deep.equal([]);
    expect(entry).to.deep.include({ type: "preference", about: "user:ben", onBehalfOf: null });
    expect(entry?.actor).to.match(/^key:/);
    expect(entry?.body.before).to.deep.include({ never_receive: false });
    expect(entry?.body.after).to.deep.include({ never_receive: true });
  });
});
