/** The address of a PostgreSQL database. Everything that reads one checks it here. */

/** What to do about an invalid address. */
export const POSTGRES_URL =
  "write it as postgres://user:password@host:5432/whisper; in the password, write # / @ % as %23 %2F %40 %25";

export function isPostgresUrl(url: string): boolean {
  try {
    const { protocol, username, password, pathname } = new URL(url);
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return (protocol === "postgres:" || protocol === "postgresql:") && !/\s/.test(url);
  } catch {
    return false;
  }
}
