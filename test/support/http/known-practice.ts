/** A practice of three people behind a test's API, and what bad input might have changed of it. */
import { expect } from "chai";
import { startTestApi, type TestApi } from "./api.ts";

/** Everything in the directory that bad input might have changed, as text to compare. */
export async function everything(api: TestApi): Promise<string> {
  const { rows } = await api.database.query(
    `SELECT (SELECT json_agg(u ORDER BY username) FROM users u) AS users,
            (SELECT json_agg(g ORDER BY id) FROM security_groups g) AS groups,
            (SELECT json_agg(m ORDER BY group_id, username) FROM security_group_members m) AS members,
            (SELECT json_agg(p ORDER BY username) FROM preferences p) AS preferences,
            (SELECT json_agg(c ORDER BY username) FROM current_patients c) AS patients,
            (SELECT revision FROM directory_revision) AS revision`,
  );
  return JSON.stringify(rows);
}

export const JSON_TYPE = { "content-type": "application/json" };
export const user = (more: Record<string, unknown> = {}) => ({ username: "anna", name: "Anna", ...more });
export const directory = (...users: unknown[]) => ({ users, security_groups: [] });
export const groups = (...security_groups: unknown[]) => ({ users: [user()], security_groups });

/** The old way: one bad record refuses the whole import. */
export const STRICT = "/api/v1/directory?strict=true";

/** Anna, Ben and Cora. Close it when done. */
export async function startKnownPractice(): Promise<TestApi> {
  const api = await startTestApi();
  const known = directory(user(), { username: "ben", name: "Ben" }, { username: "Cora", name: "Cora" });
  expect((await api.call("PUT", "/api/v1/directory", known)).status).to.equal(200);
  return api;
}
