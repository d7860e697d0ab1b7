/** Roles and databases on a PostgreSQL server, by its URL. */
import { Client } from "pg";
import { messageOf, type Readiness } from "../base/processes.ts";

/** Creates the role if it does not exist. */
export async function createRole(superUrl: string, role: string, password: string): Promise<void> {
  await withClient(superUrl, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
    if (rowCount === 0) {
      await client.query(
        `CREATE ROLE ${client.escapeIdentifier(role)} LOGIN PASSWORD ${client.escapeLiteral(password)}`,
      );
    }
  });
}

/**
 * Creates the database if it does not exist.
 * @param owner undefined: whoever connects.
 * @param template the database to copy, to which nobody is connected. Undefined: an empty one.
 */
export async function createMissing(
  url: string,
  name: string,
  { owner, template }: { owner?: string | undefined; template?: string | undefined } = {},
): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rowCount !== 0) return;
    const ownedBy = owner === undefined ? "" : ` OWNER ${client.escapeIdentifier(owner)}`;
    const copied = template === undefined ? "" : ` TEMPLATE ${client.escapeIdentifier(template)}`;
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}${ownedBy}${copied}`);
  });
}

/** Cuts off anyone who is still connected. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  await withClient(url, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  );
}

/** The URL of another database on the same server. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(name)}`;
  return changed.toString();
}

export async function answersQueries(url: string): Promise<Readiness> {
  try {
    await withClient(url, (client) => client.query("SELECT 1"));
    return "ready";
  } catch (error) {
    return { because: messageOf(error) };
  }
}

/** Passes a connection to `use`, then closes it. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // Without a listener, a connection that the server drops would end this process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
