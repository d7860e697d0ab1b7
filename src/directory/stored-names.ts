import type { SecurityGroupId, Username } from "../policy/model.ts";
import { foldName } from "../policy/names/names.ts";
import type { Queryable } from "../store/database.ts";

/** Finds stored names in any spelling: case and the encoding of accents do not matter. */

/** The stored spelling of a user name; null: there is no such user. */
export const storedUsername = async (db: Queryable, name: Username): Promise<Username | null> =>
  (await storedUsernames(db, [name])).get(foldName(name)) ?? null;

/** The stored spelling of a group's id; null: there is no such group. */
export const storedGroupId = async (db: Queryable, id: SecurityGroupId): Promise<SecurityGroupId | null> =>
  (await storedNames<SecurityGroupId>(db, "id", "security_groups", [id])).get(foldName(id)) ?? null;

/** Which of the user names are stored, by `foldName`, in one statement. */
export const storedUsernames = (
  db: Queryable,
  names: readonly Username[],
): Promise<ReadonlyMap<string, Username>> => storedNames<Username>(db, "username", "users", names);

async function storedNames<Name extends string>(
  db: Queryable,
  column: "username" | "id",
  table: "users" | "security_groups",
  names: readonly Name[],
): Promise<ReadonlyMap<string, Name>> {
  if (names.length === 0) return new Map();
  const folded = new Set(names.map(foldName));
  const { rows } = await db.query<{ name: Name }>(
    `SELECT ${column} AS name FROM ${table}
     WHERE translate(${column}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') = ANY($1)
     UNION SELECT ${column} FROM ${table} WHERE octet_length(${column}) <> char_length(${column})`,
    [[...folded]],
  );
  return new Map(
    rows.map(({ name }) => [foldName(name), name] as const).filter(([name]) => folded.has(name)),
  );
}
