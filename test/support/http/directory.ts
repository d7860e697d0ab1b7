/** What a test API's database holds of the directory. */
import type { TestApi } from "./api.ts";

export const activeUsers = async ({ database }: TestApi): Promise<string[]> =>
  (await database.query<{ username: string }>("SELECT username FROM users WHERE active ORDER BY 1")).rows.map(
    (row) => row.username,
  );

export const groupMembers = async ({ database }: TestApi, id: string): Promise<string[]> =>
  (
    await database.query<{ username: string }>(
      "SELECT username FROM security_group_members WHERE group_id = $1 ORDER BY 1",
      [id],
    )
  ).rows.map((row) => row.username);
