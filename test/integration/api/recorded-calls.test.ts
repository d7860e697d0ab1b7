import { expect } from "chai";
import { idOfKey } from "../../../src/api/kernel/keys.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { RECORD_KEYS } from "../../support/practice/record-keys.ts";
import { type RecordedEntry, recordedEntries } from "../../support/practice/recorded.ts";

describe("what a key does through the API, in the record", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
    const users = ["anna", "ben", "cara"].map((username) => ({
      username,
      name: username,
      permissions: ["AccessWhisper"],
    }));
    await api.call("PUT", "/api/v1/directory", { users, security_groups: [] });
  });
  afterEach(() => api.close());

  /** The call succeeds and leaves one entry, by the key and not by the person. */
  async function recorded(
    type: string,
    method: string,
    path: string,
    body?: object,
  ): Promise<{ entry: RecordedEntry; answer: Record<string, string> }> {
    const before = await recordedEntries(api.database, RECORD_KEYS);
    const answer = await api.call(method, path, body);
    expect(answer.status).to.be.within(200, 204);
    const [entry, ...others] = (await recordedEntries(api.database, RECORD_KEYS)).slice(before.length);
    if (entry === undefined) throw new Error("nothing was recorded");
    expect(others).to.deep.equal([]);
    expect(entry).to.include({ type, actor: `key:${idOfKey(api.key)}`, late: false });
    return { entry, answer: answer.body };
  }
  const id = (username: string) => `@ht_${username}:practice.example`;

  it("is an alert, and its withdrawal", async () => {
    const { entry, answer } = await recorded("alert", "POST", "/api/v1/alerts", { text: "Fire drill" });
    expect(entry).to.deep.include({ onBehalfOf: null, about: `alert:${answer.id}` });
    expect(entry.body.posted).to.deep.include({ text: "Fire drill" });
    const withdrawn = await recorded("alert", "DELETE", `/api/v1/alerts/${answer.id}`);
    expect(withdrawn.entry).to.deep.include({ about: `alert:${answer.id}`, body: { withdrawn: true } });
  });

  it("is a conversation that is opened and changed for someone", async () => {
    const chosen = { as: "anna", users: ["ben", "cara"], name: "Theatre list" };
    const { entry, answer } = await recorded("conversation", "POST", "/api/v1/conversations", chosen);
    expect(entry).to.deep.include({ onBehalfOf: id("anna"), about: `conversation:${answer.id}` });
    expect(entry.body).to.deep.include({ created: true });
    const edited = await recorded("conversation", "PATCH", `/api/v1/conversations/${answer.id}`, {
      as: "anna",
      remove: { users: ["cara"] },
    });
    expect(edited.entry.onBehalfOf).to.equal(id("anna"));
    expect(edited.entry.body.edited).to.have.nested.property("remove.users").deep.equal(["cara"]);
  });

  it("is an observation of a user, by whom, why, and what they looked at", async () => {
    await api.call("PUT", "/api/v1/users/anna", {
      username: "anna",
      name: "anna",
      permissions: ["WhisperAdmin"],
    });
    await api.call("PUT", "/api/v1/security-groups/HMS-Administrator", {
      id: "HMS-Administrator",
      name: "HMS-Administrator",
      members: ["anna"],
    });
    const path = "/api/v1/observe/ben/conversations?as=anna&reason=A%20complaint";
    const { entry } = await recorded("observe", "GET", path);
    expect(entry).to.deep.include({ onBehalfOf: id("anna"), about: "user:ben" });
    expect(entry.body).to.deep.include({ looks_at: "conversations", reason: "A complaint" });
    // Each look is an entry.
    const again = await recorded("observe", "GET", path);
    expect(again.entry.body.session).to.equal(entry.body.session);
  });

  it("is a sign-in link, without the token", async () => {
    const { entry, answer } = await recorded("sign_in", "POST", "/api/v1/users/ben/sign-in");
    expect(entry).to.deep.include({ onBehalfOf: id("ben"), about: "user:ben" });
    expect(JSON.stringify(entry)).to.not.contain(answer.login_token);
  });

  it("is a repair of rooms, and no look at them", async () => {
    const { entry } = await recorded("repair", "POST", "/api/v1/audit/rooms", {
      room_ids: ["!a:practice.example"],
      repair: true,
    });
    expect(entry.body).to.deep.equal({ rooms: ["!a:practice.example"] });
    const before = (await recordedEntries(api.database, RECORD_KEYS)).length;
    await api.call("POST", "/api/v1/audit/rooms", {});
    expect(await recordedEntries(api.database, RECORD_KEYS)).to.have.length(before);
  });

  it("is nothing if it is refused, and one thing if it is repeated with its Idempotency-Key", async () => {
    const all = async () => (await recordedEntries(api.database, RECORD_KEYS)).length;
    const before = await all();
    await api.call("POST", "/api/v1/alerts", { text: "" });
    await api.call("DELETE", "/api/v1/alerts/999");
    await api.call("POST", "/api/v1/conversations", { as: "nobody", users: ["ben"] });
    expect(await all()).to.equal(before);
    for (let time = 0; time < 2; time++)
      await api.call("POST", "/api/v1/alerts", { text: "Once" }, { "idempotency-key": "one" });
    expect(await all()).to.equal(before + 1);
  });
});
