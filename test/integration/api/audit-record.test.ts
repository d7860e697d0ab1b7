import { expect } from "chai";
import type { UserId } from "../../../src/policy/model.ts";
import { recorder } from "../../../src/record/recorder.ts";
import { sealWaiting } from "../../../src/record/seal.ts";
import { startTestApi, type TestApi } from "../../support/http/api.ts";
import { RECORD_KEYS } from "../../support/practice/record-keys.ts";

const PATH = "/api/v1/audit/verify";

describe("the record, checked through the API", () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await startTestApi();
    await api.database.transaction((tx) =>
      recorder(RECORD_KEYS).write(tx, [
        {
          ref: "$a",
          type: "message",
          at: new Date(),
          actor: { is: "account", user: "@ht_mia:practice.example" as UserId },
          onBehalfOf: null,
          room: null,
          about: null,
          body: {},
        },
      ]),
    );
    await sealWaiting(api.database, RECORD_KEYS.newest);
  });
  afterEach(() => api.close());

  it("is whole", async () => {
    const { status, body } = await api.call("GET", PATH);
    expect([status, body]).to.deep.equal([200, { ok: true, entries: 1 }]);
  });

  it("names the first broken entry", async () => {
    await api.database.query(
      "ALTER TABLE record_entries DISABLE TRIGGER append_only; UPDATE record_entries SET actor = 'whisper'",
    );
    const { status, body } = await api.call("GET", PATH);
    expect([status, body]).to.deep.equal([
      200,
      { ok: false, entries: 0, first_broken: { problem: "changed", seq: 1, ref: "$a" } },
    ]);
  });

  it("needs audit:read", async () => {
    const key = await api.newKey(["audit:write", "users:read", "directory:write", "messages:write"]);
    expect((await api.call("GET", PATH, undefined, { authorization: `Bearer ${key}` })).status).to.equal(403);
  });
});
